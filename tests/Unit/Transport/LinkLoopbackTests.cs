using VhostUser.Endpoints;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>Packets across a real link, over tcp; tests/Interop has those between two processes, shm among them.</summary>
public sealed class LinkLoopbackTests : LinkTest
{
    [FabricTheory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(2, true)]
    public void Mixed_packets_cross_both_ways_complete_in_order_and_unaltered(int pairs, bool encrypt)
    {
        VhostServer left = Server("left", pairs), right = Server("right", pairs);
        VhostClient a = Guest("left", pairs), b = Guest("right", pairs);
        IbTransportOptions options = Options with { Encrypt = encrypt, Credential = encrypt ? LinkCredential.FromKey(LinkCredential.CreateKey()) : null };
        IbTransport listening = Listen(left, options), connecting = Connect(right, listening, options);
        AwaitUp(listening, connecting);
        Exchange(a, b, pairs, 20000 / pairs);
        IbTransportInfo info = connecting.Snapshot();
        Assert.Equal((LinkProvider.Tcp, LinkMode.Bundle, pairs, encrypt), (info.Provider, info.Mode, info.QueuePairs, info.Encrypted));
        Assert.Equal((0L, 0L, 1), (info.Lost, info.Dropped, info.Sessions));
        Assert.True(info.FramesSent < info.PacketsSent, "packets were not bundled");
        Assert.True(info is { PathMtu: > 1000, Retransmits: >= 0 }, "the kernel told nothing of the connections");
        Assert.Contains("Version1", info.PeerFeatures);
    }

    [FabricFact]
    public void Guests_whose_headers_differ_get_packets_with_their_own()
    {
        VhostServer left = Server("left"), right = Server("right");
        var legacy = new VhostClientOptions { Name = "", Path = "", Regions = [], QueueSize = 256, ExcludeFeatures = VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf | VirtioFeatures.RingPacked };
        VhostClient a = Guest("left", like: legacy), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        Assert.Equal((10, 12), (left.Snapshot().HeaderLength, right.Snapshot().HeaderLength));
        Assert.Equal(10, connecting.Snapshot().PeerHeaderLength);
        Pass(a, b, "from a short header");
        Pass(b, a, "from a long one");
        Exchange(a, b, 1, 500, 64, 1500);
    }

    [FabricFact]
    public void What_a_guest_left_to_its_device_is_done_for_one_that_does_not_take_it()
    {
        VhostServer left = Server("left"), right = Server("right");
        var withTso = new VhostClientOptions { Name = "", Path = "", Regions = [], QueueSize = 256, RequireFeatures = VirtioFeatures.Csum | VirtioFeatures.HostTso4 };
        var without = new VhostClientOptions { Name = "", Path = "", Regions = [], QueueSize = 256, ExcludeFeatures = VirtioFeatures.GuestCsum | VirtioFeatures.GuestTso4 };
        VhostClient a = Guest("left", like: withTso), b = Guest("right", like: without);
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, PayloadText = new string('x', 8000) });
        a.Send(packet.LeaveSegments(1000), 1, 1, new SendPace(0), Bound, default);
        var received = new List<ReceivedPacket>();
        while (received.Sum(piece => piece.Length - 54) < 8000) Assert.NotEqual(0, b.Receive(received, 0, 64, Bound, default));
        Assert.Equal(8, received.Count);
        Assert.All(received, piece => Assert.True(piece.Length <= 1054));
    }

    [FabricFact]
    public void A_guest_that_takes_nothing_makes_the_other_wait_and_nothing_is_lost()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        var sender = new LinkProcess.LinkTraffic(a, 0, 1000, 1500);
        var receiver = new LinkProcess.LinkTraffic(b, 0, 1000, 1500);
        // Nobody receives: rings, frames and credits fill up, and then the sender's ring is full.
        Assert.False(sender.Run(1_000_000, TimeSpan.FromSeconds(2), lossy: false));
        long sent = sender.Sent;
        Assert.InRange(sent, 512, 100_000);
        Assert.Equal(0, left.Snapshot().Dropped + right.Snapshot().Dropped);
        Assert.False(receiver.Run(-1, TimeSpan.FromSeconds(5), lossy: false));
        Assert.Equal(sent, receiver.Received);
    }

    [FabricFact]
    public void After_DropAfter_packets_for_a_guest_without_buffers_are_dropped_and_counted()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left");
        Guest("right");
        IbTransportOptions options = Options with { DropAfter = TimeSpan.FromSeconds(0.2) };
        IbTransport listening = Listen(left, options), connecting = Connect(right, listening, options);
        AwaitUp(listening, connecting);
        new LinkProcess.LinkTraffic(a, 0, 100, 100).Run(5000, TimeSpan.FromSeconds(3), lossy: false);
        Await(() => right.Snapshot().Drops.GetValueOrDefault("NoReceiveBuffer") > 0, "a drop at the receiver");
        Assert.Equal(IbTransportState.Up, listening.State);
    }

    [FabricFact]
    public void A_measurement_tells_round_trips_and_bandwidth_beside_traffic()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        Assert.Equal(VhostError.LinkDown, Assert.Throws<VhostException>(() => Listen(Server("alone")).Test(1, TimeSpan.Zero)).Error);
        AwaitUp(listening, connecting);
        Task traffic = Task.Run(() => Exchange(a, b, 1, 5000));
        var progress = new List<double>();
        IbTransportTest test = connecting.Test(200, TimeSpan.FromSeconds(0.5), progress.Add);
        traffic.Wait();
        Assert.Equal((200, 0), (test.RoundTrips, test.Unanswered));
        Assert.True(test.Minimum > TimeSpan.Zero && test.Minimum <= test.Median && test.Median <= test.Percentile99 && test.Percentile99 <= test.Maximum);
        Assert.True(test.LoadBytes > 1 << 20 && test.BitsPerSecond > 0);
        Assert.NotEmpty(progress);
    }

    [FabricFact]
    public void A_server_belongs_to_one_link_or_bridge_at_a_time()
    {
        VhostServer left = Server("left"), other = Server("other");
        IbTransport link = Listen(left);
        Assert.Equal(VhostError.NameInUse, Assert.Throws<VhostException>(() => Listen(left)).Error);
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br" });
        Assert.Contains("link 'left'", Assert.Throws<VhostException>(() => bridge.AddServer(left)).Message);
        bridge.AddServer(other);
        Assert.Contains("port of bridge", Assert.Throws<VhostException>(() => Listen(other)).Message);
        link.Dispose();
        bridge.AddServer(left);
        Assert.Equal(IbTransportState.Stopped, link.State);
    }

    [FabricFact]
    public void A_stopped_server_takes_its_link_along()
    {
        VhostServer left = Server("left"), right = Server("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        left.Dispose();
        Assert.Equal(IbTransportState.Stopped, listening.State);
        Assert.True(connecting.WaitFor([IbTransportState.Connecting], Bound));
        Assert.NotNull(connecting.Snapshot().Fault);
    }
}
