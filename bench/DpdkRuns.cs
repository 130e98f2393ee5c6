using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>DPDK against DPDK: virtio_user on one core, net_vhost on the other.</summary>
internal static class DpdkRuns
{
    public const int BackCore = 0;
    public const int FrontCore = 1;
    public const int QueueSize = 1024;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static TestpmdOptions Options(int size, int core) => new()
    {
        PacketSegments = [size],
        QueueSize = QueueSize,
        Core = core,
        InOrder = true,
        Lifetime = TimeSpan.FromSeconds(120),
    };

    /// <summary>The front-end sends, the back-end counts.</summary>
    public static Measurement FrontToBack(int size, TimeSpan time) => Run(TestpmdMode.TxOnly, TestpmdMode.RxOnly, size, time, countAtBack: true);

    /// <summary>The back-end sends, the front-end counts.</summary>
    public static Measurement BackToFront(int size, TimeSpan time) => Run(TestpmdMode.RxOnly, TestpmdMode.TxOnly, size, time, countAtBack: false);

    /// <summary>The front-end sends flows and takes back what the back-end turns round.</summary>
    public static Measurement RoundTrip(int size, TimeSpan time) => Run(TestpmdMode.FlowGen, TestpmdMode.Io, size, time, countAtBack: false);

    private static Measurement Run(TestpmdMode frontMode, TestpmdMode backMode, int size, TimeSpan time, bool countAtBack)
    {
        using SocketFolder folder = new();
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, backMode, Options(size, BackCore));
        back.WaitUntilReady(Bound);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, frontMode, Options(size, FrontCore));
        front.WaitUntilReady(Bound);
        return new Measurement(Rate(countAtBack ? back : front, time));
    }

    /// <summary>Received packets per second of a running testpmd, from its own counters before and after.</summary>
    public static double Rate(Testpmd testpmd, TimeSpan time)
    {
        testpmd.WaitForStats(stats => stats.RxPackets > 100_000, Bound);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        long before = testpmd.ReadStats().RxPackets;
        TimeSpan start = clock.Elapsed;
        Thread.Sleep(time);
        long after = testpmd.ReadStats().RxPackets;
        return (after - before) / (clock.Elapsed - start).TotalSeconds;
    }
}
