using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>DPDK's front-end (net_virtio_user) against our back-end.</summary>
[Peer("DPDK virtio_user", "front-end")]
public class DpdkFrontEndTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly byte[] Mac = [2, 0, 0, 0, 0, 1];

    public static TheoryData<int, int, int, bool> Shapes => new()
    {
        // packet bytes, ring size, queue pairs, our side listens
        { 64, 256, 1, true },
        { 64, 1024, 2, true },
        { 1500, 1024, 1, true },
        { 1500, 256, 2, true },
        { 64, 1024, 1, false },
        { 1500, 256, 2, false },
    };

    [PeerTheory]
    [MemberData(nameof(Shapes))]
    public void Sink_counts_every_packet_that_virtio_user_sends(int size, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, ServerMode.Sink, size, queueSize, pairs, listens);
        session.Front.WaitForStats(stats => stats.TxPackets > 200_000, Bound);
        long sent = session.Front.StopForwarding().TxPackets;
        VhostServerInfo info = Deadline.Wait(session.Server.Snapshot, now => now.PacketsReceived >= sent, Bound);
        Assert.Equal(sent, info.PacketsReceived);
        Assert.Equal(sent * size, info.BytesReceived);
        Assert.Equal(0, info.Dropped);
        Assert.Null(info.Fault);
        Assert.Contains("Version1", info.Features);
        Assert.EndsWith("dpdk-testpmd", info.PeerExecutable);
    }

    [PeerTheory]
    [InlineData(64, 256, 1)]
    [InlineData(1500, 1024, 2)]
    public void Every_byte_that_virtio_user_sends_arrives_in_order(int size, int queueSize, int pairs)
    {
        byte[][] expected = [.. Enumerable.Range(0, 256).Select(n => TestpmdFrames.TxOnlyMultiFlow(size, Mac, (byte)n))];
        var check = new ContentCheck(expected);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, ServerMode.Script, size, queueSize, pairs, listens: true, check.Handle, multiFlow: true);
        session.Front.WaitForStats(stats => stats.TxPackets > 200_000, Bound);
        long sent = session.Front.StopForwarding().TxPackets;
        Deadline.Wait(() => session.Server.Snapshot().PacketsReceived, received => received >= sent, Bound);
        Assert.Null(check.Failure);
        Assert.Equal(sent, check.Packets);
        if (pairs == 1) Assert.Equal(0, check.Gaps);
    }

    [PeerTheory]
    [MemberData(nameof(Shapes))]
    public void Source_fills_the_receive_rings_of_virtio_user(int size, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.RxOnly, ServerMode.Source, size, queueSize, pairs, listens);
        session.Front.WaitForStats(now => now.RxPackets > 200_000, Bound);
        long sent = session.Server.Snapshot().PacketsSent;
        long received = session.Front.WaitForStats(now => now.RxPackets >= sent, Bound).RxPackets;
        Assert.InRange(received, sent, session.Server.Snapshot().PacketsSent);
        TestpmdStatistics stats = Settled(session.Front);
        Assert.Equal((stats.RxPackets * size, 0L), (stats.RxBytes, stats.RxErrors));
        Assert.All(session.Server.GetVringStates().Where(ring => ring.Direction == "RX"), ring => Assert.True(ring.Packets > 0, ring.ToString()));
    }

    [PeerFact]
    public void Every_packet_of_the_source_reaches_virtio_user_with_its_number()
    {
        using SocketFolder folder = new();
        string capture = folder.File("source.pcap");
        using (Session session = Session.Start(folder, TestpmdMode.Io, ServerMode.Source, 128, 256, 1, listens: true, capture: capture, rate: 20_000))
        {
            session.Front.WaitForStats(now => now.RxPackets > 40_000, Bound);
        }
        AssertNumbered(capture, 40_000, "");
    }

    [PeerTheory]
    [MemberData(nameof(Shapes))]
    public void Echo_returns_the_flows_of_virtio_user(int size, int queueSize, int pairs, bool listens)
    {
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.FlowGen, ServerMode.Echo, size, queueSize, pairs, listens);
        session.Front.WaitForStats(stats => stats.RxPackets > 200_000, Bound);
        VhostServerInfo info = session.Server.Snapshot();
        // Nothing disappears without a reason: what came in went out or was dropped by name, for lack of the peer's buffers only.
        Assert.Equal(info.PacketsReceived, info.PacketsSent + info.Dropped);
        Assert.All(info.Drops.Keys, reason => Assert.Equal("NoReceiveBuffer", reason));
        Assert.Null(info.Fault);
    }

    /// <summary>The counters after forwarding has stopped: while it runs, packets and bytes are read at different moments.</summary>
    private static TestpmdStatistics Settled(Testpmd testpmd)
    {
        testpmd.StopForwarding();
        return testpmd.WaitForStats(static _ => true, Bound);
    }

    /// <summary>The source's packets came whole, each once and in order.</summary>
    private static void AssertNumbered(string capture, int least, string told)
    {
        var frames = PcapFile.Read(capture);
        Assert.True(frames.Count > least, $"{frames.Count} frames");
        Assert.All(frames, frame => Assert.Equal(128, frame.Length));
        ulong[] numbers = [.. frames.Select(frame => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(frame.AsSpan(42)))];
        // DPDK's driver starts the rings first and throws away, when it starts its port, what has come meanwhile: a ring full at most.
        Assert.InRange(numbers[0], 0ul, 256ul);
        int wrong = Enumerable.Range(0, numbers.Length).FirstOrDefault(i => numbers[i] != numbers[0] + (ulong)i, -1);
        Assert.True(wrong < 0, wrong < 0 ? "" : $"frame {wrong} is number {numbers[wrong]} of {numbers.Length}: {told}");
    }

    public static TheoryData<bool, bool, bool, int> Layouts => DpdkLayouts.All;

    [PeerTheory]
    [MemberData(nameof(Layouts))]
    public void Content_arrives_whole_with_either_layout(bool packed, bool mergeable, bool inOrder, int pairs)
    {
        var check = new ContentCheck([.. Enumerable.Range(0, 256).Select(n => TestpmdFrames.TxOnlyMultiFlow(200, Mac, (byte)n))]);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, ServerMode.Script, 200, 256, pairs, listens: true, check.Handle, multiFlow: true,
            with: options => options with { Packed = packed, MergeableBuffers = mergeable, InOrder = inOrder });
        session.Front.WaitForStats(stats => stats.TxPackets > 50_000, Bound);
        long sent = session.Front.StopForwarding().TxPackets;
        Deadline.Wait(() => session.Server.Snapshot().PacketsReceived, received => received >= sent, Bound);
        Assert.Null(check.Failure);
        Assert.Equal(sent, check.Packets);
        if (pairs == 1) Assert.Equal(0, check.Gaps);
        string[] features = session.Server.Snapshot().Features;
        Assert.Equal((packed, mergeable, inOrder), (features.Contains("RingPacked"), features.Contains("MrgRxbuf"), features.Contains("InOrder")));
        Assert.All(session.Server.GetVringStates(), ring => Assert.Equal(packed ? "Packed" : "Split", ring.Layout));
    }

    [PeerTheory]
    [MemberData(nameof(Layouts))]
    public void Receive_buffers_are_filled_with_either_layout(bool packed, bool mergeable, bool inOrder, int pairs)
    {
        using SocketFolder folder = new();
        // A capture has one queue, so the content of one pair is checked; of two the lengths and what DPDK found wrong.
        string? capture = pairs == 1 ? folder.File("source.pcap") : null;
        string told = "";
        using (Session session = Session.Start(folder, pairs == 1 ? TestpmdMode.Io : TestpmdMode.RxOnly, ServerMode.Source, 128, 256, pairs, listens: true, capture: capture, rate: 20_000,
            with: options => options with { Packed = packed, MergeableBuffers = mergeable, InOrder = inOrder }))
        {
            session.Front.WaitForStats(now => now.RxPackets > 10_000, Bound);
            Assert.Null(session.Server.Snapshot().Fault);
            Assert.All(session.Server.GetVringStates().Where(ring => ring.Direction == "RX"), ring => Assert.True(ring.Packets > 0, ring.ToString()));
            TestpmdStatistics stats = Settled(session.Front);
            Assert.Equal((stats.RxPackets * 128, 0L), (stats.RxBytes, stats.RxErrors));
            told = $"{stats}, {session.Server.Snapshot().Sessions} sessions, {session.Server.Snapshot().PacketsSent} sent, {string.Join(' ', session.Server.Snapshot().Drops)}";
        }
        if (capture is null) return;
        AssertNumbered(capture, 10_000, told);
    }

    [PeerTheory]
    [InlineData(64)]
    [InlineData(1500)]
    public void A_minute_of_content_arrives_without_a_lost_or_corrupted_packet(int size)
    {
        byte[][] expected = [.. Enumerable.Range(0, 256).Select(n => TestpmdFrames.TxOnlyMultiFlow(size, Mac, (byte)n))];
        var check = new ContentCheck(expected);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, ServerMode.Script, size, 1024, 1, listens: true, check.Handle, multiFlow: true);
        session.Front.WaitForStats(stats => stats.TxPackets > 0, Bound);
        Thread.Sleep(TimeSpan.FromSeconds(60));
        long sent = session.Front.StopForwarding().TxPackets;
        Deadline.Wait(() => session.Server.Snapshot().PacketsReceived, received => received >= sent, Bound);
        Assert.Null(check.Failure);
        Assert.Equal(sent, check.Packets);
        Assert.Equal(0, check.Gaps);
        Assert.True(sent > 100_000, $"{sent} packets in a minute");
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
    public void Content_arrives_whole_with_every_pair_of_settings(bool packed, bool mergeable, bool inOrder, int pairs, bool dpdkListens)
    {
        var check = new ContentCheck([.. Enumerable.Range(0, 256).Select(n => TestpmdFrames.TxOnlyMultiFlow(333, Mac, (byte)n))]);
        using SocketFolder folder = new();
        using Session session = Session.Start(folder, TestpmdMode.TxOnly, ServerMode.Script, 333, 256, pairs, listens: !dpdkListens, check.Handle, multiFlow: true,
            with: options => options with { Packed = packed, MergeableBuffers = mergeable, InOrder = inOrder });
        session.Front.WaitForStats(stats => stats.TxPackets > 10_000, Bound);
        Thread.Sleep(FullMatrix.Duration);
        long sent = session.Front.StopForwarding().TxPackets;
        Deadline.Wait(() => session.Server.Snapshot().PacketsReceived, received => received >= sent, Bound);
        Assert.Null(check.Failure);
        Assert.Equal(sent, check.Packets);
        if (pairs == 1) Assert.Equal(0, check.Gaps);
        Assert.All(session.Server.GetVringStates().Where(ring => ring.Direction == "TX"), ring => Assert.True(ring.Packets > 0, ring.ToString()));
    }

    [PeerFact]
    public void The_server_serves_one_virtio_user_after_another_and_both_sides_clean_up()
    {
        using SocketFolder folder = new();
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = folder.Socket, Mode = ServerMode.Sink });
        for (int round = 1; round <= 3; round++)
        {
            using (Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.TxOnly))
            {
                front.WaitForStats(stats => stats.TxPackets > 100_000, Bound);
                Assert.Equal(EndpointState.Running, server.State);
            }
            Assert.True(server.WaitFor([EndpointState.Listening], Bound));
            Assert.Equal(round, server.Snapshot().Sessions);
            Assert.Empty(server.Snapshot().Regions);
        }
    }

    private sealed class Session : IDisposable
    {
        private Session(VhostServer server, Testpmd front)
        {
            Server = server;
            Front = front;
        }

        public VhostServer Server { get; }

        public Testpmd Front { get; }

        public static Session Start(SocketFolder folder, TestpmdMode mode, ServerMode serverMode, int size, int queueSize, int pairs, bool listens,
            PacketHandler? handler = null, bool multiFlow = false, string? capture = null, double rate = 0, Func<TestpmdOptions, TestpmdOptions>? with = null)
        {
            TestpmdOptions options = new()
            {
                PacketSegments = [size], QueueSize = queueSize, QueuePairs = pairs, Listen = !listens, MultiFlow = multiFlow, CaptureFile = capture,
                Lifetime = TimeSpan.FromSeconds(120),
            };
            if (with is not null) options = with(options);
            VhostServerOptions server = new()
            {
                Name = "sw0", Path = folder.Socket, Mode = serverMode, QueuePairs = pairs, Connect = !listens, PacketSize = capture is null ? size : 128, Handler = handler, Rate = rate,
            };
            VhostServer started = VhostServer.Start(server);
            Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, mode, options);
            front.WaitUntilReady(Bound);
            return new Session(started, front);
        }

        public void Dispose()
        {
            Front.Dispose();
            Server.Dispose();
        }
    }
}
