using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Our front-end against DPDK's back-end (net_vhost).</summary>
[Peer("DPDK net_vhost", "back-end")]
public class DpdkBackEndTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static TheoryData<int, int, int, bool> Shapes => new()
    {
        // packet bytes, ring size, queue pairs, DPDK listens
        { 64, 256, 1, true },
        { 64, 1024, 2, true },
        { 1500, 1024, 1, true },
        { 1500, 256, 2, true },
        { 64, 1024, 1, false },
        { 1500, 256, 2, false },
    };

    [PeerTheory]
    [MemberData(nameof(Shapes))]
    public void Net_vhost_counts_every_packet_that_the_client_sends(int size, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.RxOnly, size, queueSize, pairs, listens);
        byte[] frame = PacketBuilder.Build(new PacketSpec { Length = size }).Bytes.ToArray();
        const int count = 100_000;
        for (int pair = 0; pair < pairs; pair++) Assert.Equal(count, session.Client.Send(frame, 2 * pair + 1, count, 0, Bound, default));
        TestpmdStatistics stats = session.Back.WaitForStats(now => now.RxPackets >= count * pairs, Bound);
        Assert.Equal(count * pairs, stats.RxPackets);
        Assert.Equal((long)count * pairs * size, stats.RxBytes);
        Assert.Equal(0, stats.RxErrors);
        VhostClientInfo info = session.Client.Snapshot();
        Assert.Equal(count * pairs, info.PacketsSent);
        Assert.Contains("ReplyAck", info.ProtocolFeatures);
    }

    [PeerTheory]
    [MemberData(nameof(Shapes))]
    public void The_client_receives_what_net_vhost_sends_to_the_last_byte(int size, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, size, queueSize, pairs, listens);
        var received = new List<ReceivedPacket>();
        for (int pair = 0; pair < pairs; pair++)
        {
            received.Clear();
            while (received.Count < 20_000) Assert.NotEqual(0, session.Client.Receive(received, 2 * pair, 256, Bound, default));
            byte[] source = received[0].Bytes.Slice(6, 6).ToArray();
            byte[] expected = TestpmdFrames.TxOnly(size, source);
            foreach (ReceivedPacket packet in received) Assert.True(packet.Bytes.Span.SequenceEqual(expected), packet.ToHex());
        }
    }

    [PeerTheory]
    [InlineData(TestpmdMode.Io, 256, 1, true)]
    [InlineData(TestpmdMode.Io, 1024, 2, false)]
    [InlineData(TestpmdMode.MacSwap, 256, 2, true)]
    [InlineData(TestpmdMode.MacSwap, 1024, 1, false)]
    public void Every_packet_comes_back_from_net_vhost_in_order_and_whole(TestpmdMode mode, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, mode, 64, queueSize, pairs, listens);
        for (int pair = 0; pair < pairs; pair++)
        {
            var traffic = new WindowedTraffic(session.Client, [64, 1500, 60, 1514, 333], pair, swapsAddresses: mode == TestpmdMode.MacSwap);
            traffic.Run(TimeSpan.FromSeconds(1), Bound);
            Assert.Equal(traffic.Sent, traffic.Received);
            Assert.True(traffic.Received > 1000, $"{traffic.Received} packets");
        }
    }

    [PeerTheory]
    [InlineData(TestpmdMode.Io)]
    [InlineData(TestpmdMode.MacSwap)]
    public void A_path_through_net_vhost_and_back_loses_nothing_and_a_capture_has_all_of_it(TestpmdMode mode)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, mode, 64, 1024, 1, listens: true);
        using VhostCapture capture = VhostCapture.Start(new VhostCaptureOptions { Name = "cap0", Path = folder.File("a.pcapng"), Sources = [CaptureSource.Of(session.Client)] });
        VhostPathResult path = VhostPath.Test(new VhostPathOptions { From = session.Client, To = session.Client, Duration = TimeSpan.FromSeconds(1), Rate = 5000, PacketSizes = [64, 333, 1514], Patience = Bound }, default);
        Assert.InRange(path.Sent, 500, 5001);
        Assert.Equal((0, 0, 0, 0), (path.Lost, path.Duplicates, path.Reordered, path.Corrupt));
        capture.Dispose();
        Assert.Equal((2 * path.Sent + path.Foreign, 0), (capture.Snapshot().Packets, capture.Snapshot().Dropped));
    }

    [PeerTheory]
    [InlineData(64, 64)]
    [InlineData(64, 1500)]
    public void A_minute_of_traffic_comes_back_without_a_lost_or_corrupted_packet(int smallest, int largest)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.Io, 64, 1024, 1, listens: true);
        var traffic = new WindowedTraffic(session.Client, [smallest, largest], 0, swapsAddresses: false);
        traffic.Run(TimeSpan.FromSeconds(60), Bound);
        Assert.Equal(traffic.Sent, traffic.Received);
        Assert.True(traffic.Received > 100_000, $"{traffic.Received} packets in a minute");
    }

    [PeerTheory]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.MrgRxbuf)]
    [InlineData(VirtioFeatures.IndirectDesc)]
    [InlineData(VirtioFeatures.EventIdx)]
    [InlineData(VirtioFeatures.InOrder)]
    [InlineData(VirtioFeatures.Version1)]
    [InlineData(VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf)]
    [InlineData(VirtioFeatures.Version1 | VirtioFeatures.AnyLayout | VirtioFeatures.MrgRxbuf | VirtioFeatures.InOrder)]
    public void Packets_cross_with_each_ring_feature_left_out(VirtioFeatures excluded)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.Io, 64, 256, 1, listens: true, excluded);
        var traffic = new WindowedTraffic(session.Client, [64, 1500], 0, swapsAddresses: false);
        traffic.Run(TimeSpan.FromSeconds(0.5), Bound);
        Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
        string[] features = session.Client.Snapshot().Features;
        Assert.All(FeatureNames.Of(excluded), name => Assert.DoesNotContain(name, features));
    }

    public static TheoryData<bool, bool, bool, int> Layouts => DpdkLayouts.All;

    [PeerTheory]
    [MemberData(nameof(Layouts))]
    public void Every_packet_comes_back_with_either_layout(bool packed, bool mergeable, bool inOrder, int pairs)
    {
        VirtioFeatures required = packed ? VirtioFeatures.RingPacked : VirtioFeatures.None;
        VirtioFeatures excluded = (mergeable ? 0 : VirtioFeatures.MrgRxbuf) | (inOrder ? 0 : VirtioFeatures.InOrder);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.Io, 64, 256, pairs, listens: true, excluded, required);
        for (int pair = 0; pair < pairs; pair++)
        {
            var traffic = new WindowedTraffic(session.Client, mergeable ? [64, 1500, 60, 4000] : [64, 1500, 60, 1514], pair, swapsAddresses: false);
            traffic.Run(TimeSpan.FromSeconds(1), Bound);
            Assert.Equal(traffic.Sent, traffic.Received);
            Assert.True(traffic.Received > 1000, $"{traffic.Received} packets");
        }
        string[] features = session.Client.Snapshot().Features;
        Assert.Equal((packed, mergeable, inOrder), (features.Contains("RingPacked"), features.Contains("MrgRxbuf"), features.Contains("InOrder")));
        Assert.All(session.Client.GetVringStates(), ring => Assert.Equal(packed ? "Packed" : "Split", ring.Layout));
    }

    [PeerTheory]
    [InlineData(VirtioFeatures.IndirectDesc)]
    [InlineData(VirtioFeatures.EventIdx)]
    [InlineData(VirtioFeatures.EventIdx | VirtioFeatures.IndirectDesc | VirtioFeatures.InOrder)]
    public void Packed_rings_work_with_each_feature_left_out_and_with_a_size_that_is_no_power_of_two(VirtioFeatures excluded)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.Io, 64, 300, 1, listens: true, excluded, VirtioFeatures.RingPacked);
        var traffic = new WindowedTraffic(session.Client, [64, 1500, 4000], 0, swapsAddresses: false);
        traffic.Run(TimeSpan.FromSeconds(1), Bound);
        Assert.True(traffic.Received > 1000, $"{traffic.Received} packets");
    }

    /// <summary>Each value of a setting meets each value of every other; a minute each when the whole matrix is asked for.</summary>
    [PeerTheory]
    [Cell(false, false, false, 1, false)]
    [Cell(true, true, true, 1, true, Full = true)]
    [Cell(false, true, false, 2, true, Full = true)]
    [Cell(true, false, true, 2, false)]
    [Cell(false, false, true, 3, true)]
    [Cell(true, true, false, 3, false, Full = true)]
    [Cell(false, true, true, 4, false, Full = true)]
    [Cell(true, false, false, 4, true)]
    public void Content_comes_back_whole_with_every_pair_of_settings(bool packed, bool mergeable, bool inOrder, int pairs, bool dpdkListens)
    {
        VirtioFeatures required = packed ? VirtioFeatures.RingPacked : VirtioFeatures.None;
        VirtioFeatures excluded = (mergeable ? 0 : VirtioFeatures.MrgRxbuf) | (inOrder ? 0 : VirtioFeatures.InOrder);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.Io, 64, 256, pairs, dpdkListens, excluded, required);
        for (int pair = 0; pair < pairs; pair++)
        {
            var traffic = new WindowedTraffic(session.Client, mergeable ? [64, 1500, 60, 4000] : [64, 1500, 60, 1514], pair, swapsAddresses: false);
            traffic.Run(FullMatrix.Duration / pairs, Bound);
            Assert.Equal(traffic.Sent, traffic.Received);
            Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
        }
        Assert.Equal(0, session.Client.Snapshot().Dropped);
    }

    private sealed class Session : IDisposable
    {
        private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });

        private Session(Testpmd back, Func<SharedRegion, VhostClient> connect)
        {
            Back = back;
            Client = connect(_region);
        }

        public Testpmd Back { get; }

        public VhostClient Client { get; }

        public static Session Start(SocketFolder folder, TestpmdMode mode, int size, int queueSize, int pairs, bool listens,
            VirtioFeatures excluded = VirtioFeatures.None, VirtioFeatures required = VirtioFeatures.None)
        {
            Testpmd back = Testpmd.VhostBackEnd(folder.Socket, mode, new TestpmdOptions { PacketSegments = [size], QueuePairs = pairs, Listen = listens, Lifetime = TimeSpan.FromSeconds(120) });
            back.WaitUntilReady(Bound);
            return new Session(back, region => VhostClient.Connect(new VhostClientOptions
            {
                Name = "vm0", Path = folder.Socket, Regions = [region], QueueSize = queueSize, QueuePairs = pairs, Listen = !listens, Retry = true, ExcludeFeatures = excluded,
                RequireFeatures = required,
            }));
        }

        public void Dispose()
        {
            Client.Dispose();
            Back.Dispose();
            _region.Dispose();
        }
    }
}
