using System.Diagnostics;
using System.Text;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Reconnect;

/// <summary>A client that outlives its back-end.</summary>
public sealed class ClientReconnectTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });

    private string SocketPath => Path.Combine(_directory, "s");

    public void Dispose()
    {
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void S_8_Traffic_goes_on_within_a_second_of_the_socket_s_return_twenty_times()
    {
        VhostServer server = Serve();
        using VhostClient client = Connect();
        for (int round = 0; round < 20; round++)
        {
            Echo(client, round);
            server.Dispose();
            Assert.True(RawFrontEnd.WaitUntil(() => client.State == EndpointState.Reconnecting, Soon));
            server = Serve();
            long back = Stopwatch.GetTimestamp();
            Echo(client, 1000 + round);
            Assert.InRange(Stopwatch.GetElapsedTime(back).TotalSeconds, 0, 1);
        }
        VhostClientInfo info = client.Snapshot();
        Assert.Equal(20, info.Reconnects);
        Assert.Equal(0, info.Lost);
        Assert.Contains("InflightShmfd", info.ProtocolFeatures);
        Assert.Null(info.Fault);
        // The echo comes before the packet's own buffer is returned.
        Assert.True(RawFrontEnd.WaitUntil(() => client.GetVringStates().All(ring => ring.Verdict.StartsWith("ok", StringComparison.Ordinal)), Soon));
        server.Dispose();
    }

    [Fact]
    public void T_37_Features_are_those_of_the_rings_and_a_back_end_with_fewer_ends_the_client()
    {
        VhostServer server = Serve();
        using VhostClient client = Connect(exclude: VirtioFeatures.InOrder);
        string[] features = client.Snapshot().Features;
        server.Dispose();
        server = Serve();
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().Reconnects == 1, Soon));
        Assert.Equal(features, client.Snapshot().Features);
        server.Dispose();
        server = Serve(VirtioFeatures.MrgRxbuf);
        Assert.True(RawFrontEnd.WaitUntil(() => client.State == EndpointState.Faulted, Soon));
        Assert.Equal(nameof(VhostError.FeatureMissing), client.Snapshot().FaultId);
        Assert.Contains("MrgRxbuf", client.Snapshot().Fault, StringComparison.Ordinal);
        server.Dispose();
    }

    [Fact]
    public async Task A_send_while_the_back_end_is_away_waits_and_then_says_so()
    {
        VhostServer server = Serve();
        using VhostClient client = Connect();
        server.Dispose();
        Assert.True(RawFrontEnd.WaitUntil(() => client.State == EndpointState.Reconnecting, Soon));
        byte[] frame = new byte[60];
        VhostException error = Assert.Throws<VhostException>(() => client.Send(frame, 1, 3, 0, TimeSpan.FromSeconds(0.2), default));
        Assert.Equal(VhostError.PeerDisconnected, error.Error);
        Assert.Contains("Reconnecting", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, client.Snapshot().Lost);
        Assert.Equal(0, client.Receive([], 0, 1, TimeSpan.FromSeconds(0.1), default));
        Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(() => client.StartDirtyLog()).Error);

        Task<long> waiting = Task.Run(() => client.Send(frame, 1, 3, 0, Soon, default));
        server = Serve();
        Assert.Equal(3, await waiting.WaitAsync(Soon));
        server.Dispose();
    }

    [Fact]
    public void S_8_Packets_in_flight_are_offered_to_the_next_back_end_and_counted()
    {
        var silent = new RawBackEnd(SocketPath) { ProtocolFeatures = ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots };
        using VhostClient client = Connect();
        byte[] frame = new byte[60];
        Assert.Equal(7, client.Send(frame, 1, 7, 0, Soon, default));
        silent.Dispose(); // never took one
        using VhostServer server = Serve();
        Assert.True(RawFrontEnd.WaitUntil(() => server.Snapshot().PacketsReceived == 7, Soon), client.Snapshot().Fault);
        Assert.Equal(7, client.Snapshot().Retransmitted);
        Assert.Equal(1, client.Snapshot().Reconnects);
    }

    [Theory]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.InOrder)]
    public void The_base_of_a_packed_ring_lies_behind_packets_whose_buffers_nobody_took_back_yet(VirtioFeatures exclude)
    {
        VhostServer server = Serve();
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm", Path = SocketPath, Regions = [_region], Reconnect = true, RequireFeatures = VirtioFeatures.RingPacked, ExcludeFeatures = exclude,
            ExcludeProtocolFeatures = ProtocolFeatures.InflightShmfd,
        });
        Assert.Equal(100, client.Send(new byte[60], 1, 100, 0, Soon, default));
        Assert.True(RawFrontEnd.WaitUntil(() => client.GetVringStates(1)[0].UsedIndex == 100, Soon));
        server.Dispose();
        // Our own server would find its place without the base; this one only notes it.
        using var next = new ScriptedBackEnd(SocketPath) { Offer = BackEndOptions.DefaultFeatures | VirtioFeatures.RingPacked, ProtocolOffer = ProtocolFeatures.None }.Start();
        Assert.True(RawFrontEnd.WaitUntil(() => next.All(FrontEndRequest.SetVringEnable).Length == 2, Soon));
        Assert.Equal(0x8064_8064u, next.All(FrontEndRequest.SetVringBase)[1].Number);
    }

    [Fact]
    public void A_dirty_log_goes_on_with_the_next_back_end()
    {
        VhostServer server = Serve();
        using VhostClient client = Connect();
        client.StartDirtyLog();
        server.Dispose();
        server = Serve();
        Echo(client, 1);
        Assert.NotEmpty(client.ReadDirtyLog());
        Assert.Contains("LogAll", server.Snapshot().Features);
        server.Dispose();
    }

    [Fact]
    public void A_client_that_waits_for_its_back_end_can_be_closed()
    {
        VhostServer server = Serve();
        VhostClient client = Connect();
        server.Dispose();
        Assert.True(RawFrontEnd.WaitUntil(() => client.State == EndpointState.Reconnecting, Soon));
        client.Dispose();
        Assert.Equal(EndpointState.Stopped, client.State);
        Assert.Empty(_region.Snapshot().Clients);
        Assert.Equal(0, _region.Snapshot().Used);
    }

    [Fact]
    public void A_listening_client_takes_the_next_back_end_that_connects()
    {
        VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw", Path = SocketPath, Mode = ServerMode.Echo, Connect = true });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [_region], Listen = true, Reconnect = true });
        Echo(client, 1);
        server.Dispose();
        server = VhostServer.Start(new VhostServerOptions { Name = "sw", Path = SocketPath, Mode = ServerMode.Echo, Connect = true });
        Echo(client, 2);
        Assert.Equal(1, client.Snapshot().Reconnects);
        server.Dispose();
    }

    private VhostServer Serve(VirtioFeatures exclude = 0) =>
        VhostServer.Start(new VhostServerOptions { Name = "sw", Path = SocketPath, Mode = ServerMode.Echo, ExcludeFeatures = exclude, Force = true });

    private VhostClient Connect(VirtioFeatures exclude = 0) =>
        VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [_region], Reconnect = true, ExcludeFeatures = exclude });

    private static void Echo(VhostClient client, int number)
    {
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = "packet " + number });
        client.Send(packet.Bytes.Span, 1, 1, 0, Soon, default);
        var received = new List<ReceivedPacket>();
        long start = Stopwatch.GetTimestamp();
        // A packet that was offered twice may come twice: the one that is meant is the last.
        while (Stopwatch.GetElapsedTime(start) < Soon)
        {
            received.Clear();
            client.Receive(received, 0, 1, Soon, default);
            if (received.Count > 0 && Encoding.ASCII.GetString(received[0].Bytes.Span).EndsWith("packet " + number, StringComparison.Ordinal)) return;
        }
        Assert.Fail($"Packet {number} did not come back.");
    }
}
