using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>testpmd against testpmd: the peers work on this machine, and what they send is what <see cref="TestpmdFrames"/> says.</summary>
public class TestpmdTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly byte[] Mac = [2, 0, 0, 0, 0, 1];

    [PeerFact]
    public void Two_testpmds_exchange_packets_for_three_seconds_and_are_gone_afterwards()
    {
        using SocketFolder folder = new();
        using var back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.MacSwap);
        back.WaitUntilReady(Bound);
        using var front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.FlowGen);
        front.WaitForStats(s => s.RxPackets > 0, Bound);
        Thread.Sleep(3000);

        var stats = front.ReadStats();
        Assert.True(stats.TxPackets > 10_000 && stats.RxPackets > 10_000, stats.ToString());
        Assert.True(stats.TxPacketsPerSecond > 0 && stats.RxPacketsPerSecond > 0, stats.ToString());

        var sent = front.StopForwarding();
        back.WaitForStats(s => s.RxPackets == sent.TxPackets, Bound);
        stats = front.ReadStats();
        Assert.Equal(sent.TxPackets, stats.TxPackets);
        Assert.Equal(60 * sent.TxPackets, stats.TxBytes);

        Assert.Equal(sent.TxPackets, back.Stop().RxPackets);
        front.Stop();
        PeerProgramTests.AssertGone(front.Program);
        PeerProgramTests.AssertGone(back.Program);
    }

    [PeerFact]
    public void Statistics_can_be_read_from_a_testpmd_that_only_prints_them()
    {
        using SocketFolder folder = new();
        using var back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.RxOnly, new() { Interactive = false });
        back.WaitUntilReady(Bound);
        using var front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.TxOnly, new() { PacketSegments = [1500], Packed = true });
        back.WaitForStats(s => s.RxPackets > 0, Bound);
        var sent = front.StopForwarding();
        var stats = back.WaitForStats(s => s.RxPackets == sent.TxPackets, Bound);
        Assert.Equal(1500 * stats.RxPackets, stats.RxBytes);
    }

    [PeerTheory]
    [InlineData(TestpmdMode.TxOnly, false)]
    [InlineData(TestpmdMode.TxOnly, true)]
    [InlineData(TestpmdMode.FlowGen, false)]
    public void Generated_frames_are_to_the_last_byte_as_described(TestpmdMode mode, bool multiFlow)
    {
        using SocketFolder folder = new();
        var capture = folder.File("out.pcap");
        TestpmdOptions options = new() { PacketSegments = [128], Flows = 3000, MultiFlow = multiFlow, AutoStart = false };
        using (var back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.Io, new() { CaptureFile = capture }))
        {
            back.WaitUntilReady(Bound);
            using var front = Testpmd.VirtioUserFrontEnd(folder.Socket, mode, options);
            front.WaitUntilReady(Bound);
            front.StartForwarding();
            front.WaitForStats(s => s.TxPackets > 5000, Bound);
            var sent = front.StopForwarding();
            back.WaitForStats(s => s.RxPackets == sent.TxPackets, Bound);
            back.Stop();
        }

        var frames = PcapFile.Read(capture);
        Assert.True(frames.Count > 5000, $"{frames.Count} frames");
        for (var i = 0; i < frames.Count; i++)
        {
            var expected = (mode, multiFlow) switch
            {
                (TestpmdMode.FlowGen, _) => TestpmdFrames.FlowGen(124, i % 3000),
                (_, true) => TestpmdFrames.TxOnlyMultiFlow(128, Mac, (byte)i),
                _ => TestpmdFrames.TxOnly(128, Mac),
            };
            Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(frames[i]));
        }
        if (mode == TestpmdMode.FlowGen) Assert.Equal(2999, TestpmdFrames.FlowGenNumber(frames[2999]));
    }

    [PeerTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_replayed_file_arrives_unchanged_and_complete(bool frontEndListens, bool noHugepages)
    {
        using SocketFolder folder = new();
        var (replay, capture) = (folder.File("in.pcap"), folder.File("out.pcap"));
        Random random = new(20);
        var packets = Enumerable.Range(0, 3000).Select(_ => new byte[random.Next(60, 4000)]).ToList();
        packets.ForEach(random.NextBytes);
        PcapFile.Write(replay, packets);

        TestpmdOptions backOptions = new() { CaptureFile = capture, Listen = !frontEndListens, NoHugepages = noHugepages };
        TestpmdOptions frontOptions = new() { ReplayFile = replay, Listen = frontEndListens, NoHugepages = noHugepages, QueueSize = 256 };
        using (var back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.Io, backOptions))
        {
            if (!frontEndListens) back.WaitUntilReady(Bound);
            using var front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.Io, frontOptions);
            back.WaitForStats(s => s.RxPackets == packets.Count, Bound);
            back.Stop();
        }

        var arrived = PcapFile.Read(capture);
        Assert.Equal(packets.Count, arrived.Count);
        Assert.All(packets.Zip(arrived), pair => Assert.Equal(pair.First, pair.Second));
    }
}
