using System.Diagnostics;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>DPDK against DPDK: virtio_user on one core, net_vhost on the other.</summary>
internal static class DpdkRuns
{
    public const int BackCore = 0;
    public const int FrontCore = 1;
    public const int QueueSize = 1024;

    // Packets that circulate in a loop of two ports are sent before it: 8 bursts of 32 from each, few enough that no ring overflows.
    private const int LoopBursts = 8;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static TestpmdOptions Options(int size, bool packed, int core) => new()
    {
        PacketSegments = [size],
        QueueSize = QueueSize,
        Core = core,
        Packed = packed,
        InOrder = true,
        Lifetime = TimeSpan.FromSeconds(120),
    };

    /// <summary>The front-end sends, the back-end counts.</summary>
    public static PeerRun FrontToBack(int size, bool packed) => Named("front to back", size, packed, time =>
        Run(TestpmdMode.TxOnly, TestpmdMode.RxOnly, size, packed, time, countAtBack: true));

    /// <summary>The back-end sends, the front-end counts.</summary>
    public static PeerRun BackToFront(int size, bool packed) => Named("back to front", size, packed, time =>
        Run(TestpmdMode.RxOnly, TestpmdMode.TxOnly, size, packed, time, countAtBack: false));

    /// <summary>The front-end sends flows and takes back what the back-end turns round.</summary>
    public static PeerRun RoundTrip(int size, bool packed) => Named("round trip", size, packed, time =>
        Run(TestpmdMode.FlowGen, TestpmdMode.Io, size, packed, time, countAtBack: false));

    /// <summary>Packets go round: two ports of a guest, joined there by io, and two back-end ports, joined by io as well.</summary>
    public static PeerRun GuestToGuest(int size, bool packed) => Named("guest to guest", size, packed, time =>
    {
        using SocketFolder folder = new();
        string second = folder.File("t.sock");
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.Io, Options(size, packed, BackCore) with { SecondSocket = second });
        back.WaitUntilReady(Bound);
        return new Measurement(GuestLoop(folder.Socket, second, size, packed, time));
    });

    /// <summary>The guest's side of that: packets per second in one of the two directions.</summary>
    public static double GuestLoop(string first, string second, int size, bool packed, TimeSpan time)
    {
        using Testpmd front = Testpmd.VirtioUserFrontEnd(first, TestpmdMode.Io, Options(size, packed, FrontCore) with
        {
            SecondSocket = second, AutoStart = false,
            MacAddress = "02:00:00:00:00:77", // not the destination of what testpmd sends first: a switch would keep those packets
        });
        front.WaitUntilReady(Bound);
        front.StartForwarding(LoopBursts);
        return Rate(front, time);
    }

    /// <summary>Received packets per second of a running testpmd, from its own counters before and after.</summary>
    public static double Rate(Testpmd testpmd, TimeSpan time)
    {
        testpmd.WaitForStats(stats => stats.RxPackets > 100_000, Bound);
        var clock = Stopwatch.StartNew();
        long before = testpmd.ReadStats().RxPackets;
        TimeSpan start = clock.Elapsed;
        Thread.Sleep(time);
        long after = testpmd.ReadStats().RxPackets;
        return (after - before) / (clock.Elapsed - start).TotalSeconds;
    }

    private static PeerRun Named(string name, int size, bool packed, Func<TimeSpan, Measurement> run) => new($"{name} {size} {packed}", run);

    private static Measurement Run(TestpmdMode frontMode, TestpmdMode backMode, int size, bool packed, TimeSpan time, bool countAtBack)
    {
        using SocketFolder folder = new();
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, backMode, Options(size, packed, BackCore));
        back.WaitUntilReady(Bound);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, frontMode, Options(size, packed, FrontCore));
        front.WaitUntilReady(Bound);
        return new Measurement(Rate(countAtBack ? back : front, time));
    }
}
