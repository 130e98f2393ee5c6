using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A DPDK testpmd at one end of a vhost-user socket: net_vhost as the back-end or virtio_user as the front-end.</summary>
public sealed class Testpmd : IDisposable
{
    private const int PageMegabytes = 2;
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(20);

    private readonly TestpmdOptions _options;

    private Testpmd(PeerProgram program, TestpmdOptions options, string? noHugepagesBecause)
    {
        Program = program;
        _options = options;
        NoHugepagesBecause = noHugepagesBecause;
    }

    /// <summary>Gets the running program and its output.</summary>
    public PeerProgram Program { get; }

    /// <summary>Gets why ordinary pages are used (slower), or null when hugepages are.</summary>
    public string? NoHugepagesBecause { get; }

    /// <summary>Starts a back-end; it listens unless told to connect, and then tries again once a second while nobody listens.</summary>
    public static Testpmd VhostBackEnd(string socketPath, TestpmdMode mode, TestpmdOptions? options = null)
    {
        options ??= new();
        return Start(Device, socketPath, mode, options, defaultCore: 0);

        string Device(int port, string socket) => $"net_vhost{port},iface={socket},queues={options.QueuePairs},client={(options.Listen ?? true ? 0 : 1)}";
    }

    /// <summary>Starts a front-end; it connects, and fails if nobody listens, unless told to listen.</summary>
    public static Testpmd VirtioUserFrontEnd(string socketPath, TestpmdMode mode, TestpmdOptions? options = null)
    {
        options ??= new();
        return Start(Device, socketPath, mode, options, defaultCore: 1);

        string Device(int port, string socket) => $"virtio_user{port},path={socket},queues={options.QueuePairs},queue_size={options.QueueSize},mac={options.MacAddress}"
            + $",server={Bit(options.Listen ?? false)},packed_vq={Bit(options.Packed)}"
            + $",mrg_rxbuf={Bit(options.MergeableBuffers)},in_order={Bit(options.InOrder)}";
    }

    /// <summary>Waits until the ports are set up; a front-end that listens gets there only when a back-end has connected.</summary>
    public void WaitUntilReady(TimeSpan deadline) => Program.WaitForLine("^Done$", deadline);

    /// <summary>Reads the counters of the virtio port; packets and bytes are of one moment only while nothing is forwarded.</summary>
    public TestpmdStatistics ReadStats()
    {
        var from = Program.LineCount;
        if (_options.Interactive) Program.Send("show port stats 0");
        const string Title = "NIC statistics for port 0 ";
        Program.WaitForLine(Title, AnswerBound, from);
        var title = from + Array.FindIndex(Program.Lines(from), line => line.Contains(Title));
        return TestpmdStatistics.Parse(Block(title, "Tx-pps:"));
    }

    /// <summary>Reads the counters until <paramref name="wanted"/> holds for them; fails with the last counters at the deadline.</summary>
    public TestpmdStatistics WaitForStats(Func<TestpmdStatistics, bool> wanted, TimeSpan deadline)
    {
        var until = DateTime.UtcNow + deadline;
        while (true)
        {
            var stats = ReadStats();
            if (wanted(stats)) return stats;
            if (DateTime.UtcNow >= until) throw Program.Failure($"did not reach the wanted counters in time: {stats}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Starts forwarding, after <see cref="StopForwarding"/> or without <see cref="TestpmdOptions.AutoStart"/>.</summary>
    /// <param name="firstBursts">How many bursts each port sends before it forwards; 0 for none.</param>
    public void StartForwarding(int firstBursts = 0)
    {
        var from = Program.LineCount;
        Program.Send(firstBursts > 0 ? $"start tx_first {firstBursts}" : "start");
        Program.WaitForLine("packet forwarding.*ports=", AnswerBound, from);
    }

    /// <summary>Stops forwarding and returns what was forwarded since the start.</summary>
    public TestpmdTotals StopForwarding()
    {
        var from = Program.LineCount;
        Program.Send("stop");
        return ReadTotals(from);
    }

    /// <summary>Ends testpmd, which must do so when asked, and returns what was forwarded since the last start.</summary>
    public TestpmdTotals Stop()
    {
        if (!Program.Stop(StopBound)) throw Program.Failure($"did not end within {StopBound.TotalSeconds} s of SIGINT");
        return ReadTotals(0);
    }

    /// <summary>Ends testpmd if it still runs.</summary>
    public void Dispose() => Program.Dispose();

    private static Testpmd Start(Func<int, string, string> device, string socket, TestpmdMode mode, TestpmdOptions options, int defaultCore)
    {
        // Twice the need of this one: a peer started just before may not have taken its pages yet.
        var noHugepages = options.NoHugepages ? "the options say so" : Hugepages.Ensure(2 * options.MemoryMegabytes / PageMegabytes);
        var core = (options.Core ?? defaultCore) % Environment.ProcessorCount;
        var extra = options.ExtraDevice.Length > 0 ? $",{options.ExtraDevice.TrimStart(',')}" : "";
        List<string> arguments =
        [
            // lcore 0 takes commands, lcore 1 polls; both on one processor, the other is left to the other side.
            "--lcores", $"0@{core},1@{core}", "--no-pci", "--no-telemetry", "-m", $"{options.MemoryMegabytes}",
            // in-memory: memfd instead of files in hugetlbfs, so nothing is left behind. One fd for all memory: one region to share.
            .. noHugepages is null ? ["--in-memory", "--single-file-segments"] : (string[])["--no-huge", "--no-shconf", "--iova-mode=va"],
            "--vdev", device(0, socket) + extra,
            .. options.SecondSocket is null ? Array.Empty<string>() : ["--vdev", device(1, options.SecondSocket) + extra],
            .. FileDevice(options),
            "--", $"--forward-mode={Name(mode)}", $"--rxq={options.QueuePairs}", $"--txq={options.QueuePairs}",
            $"--txpkts={string.Join(',', options.PacketSegments)}", $"--burst={options.Burst}", $"--flowgen-flows={options.Flows}",
            // Without the flush, a packet that comes before forwarding starts is forwarded too, and a replay loses nothing.
            "--total-num-mbufs=16384", "--no-flush-rx",
            .. options.MultiFlow ? ["--txonly-multi-flow"] : Array.Empty<string>(),
            .. options.Interactive ? ["-i"] : (string[])["--stats-period=1"],
            .. options.AutoStart && options.ReplayFile is null && options.Interactive ? ["--auto-start"] : Array.Empty<string>(),
            .. options.ExtraArguments,
        ];
        Testpmd testpmd = new(PeerProgram.Start(Programs.Testpmd, arguments, options.Lifetime), options, noHugepages);
        if (options.ReplayFile is not null) testpmd.PrepareReplay();
        return testpmd;
    }

    /// <summary>A second port that is a file: io then forwards file → virtio and virtio → file.</summary>
    private static string[] FileDevice(TestpmdOptions options)
    {
        if (options.ReplayFile is null && options.CaptureFile is null) return [];
        var device = "net_pcap0"
            + (options.ReplayFile is null ? "" : $",rx_pcap={options.ReplayFile}")
            + (options.CaptureFile is null ? "" : $",tx_pcap={options.CaptureFile}");
        return ["--vdev", device];
    }

    /// <summary>Commands wait in the pipe until testpmd is ready for them.</summary>
    private void PrepareReplay()
    {
        if (!_options.Interactive) throw new ArgumentException("A replay needs commands: set Interactive.");
        Program.Send("set fwd io retry");
        Program.Send("set burst tx delay 20 retry 1000000");
        if (_options.AutoStart) Program.Send("start");
    }

    private TestpmdTotals ReadTotals(int from)
    {
        const string Title = "Accumulated forward statistics";
        Program.WaitForLine(Title, AnswerBound, from);
        var title = from + Array.FindLastIndex(Program.Lines(from), line => line.Contains(Title));
        return TestpmdTotals.Parse(Block(title, @"^ *\+{20,}$"));
    }

    /// <summary>The lines from number <paramref name="first"/> to the first one like <paramref name="last"/>, waiting for it.</summary>
    private string Block(int first, string last)
    {
        Program.WaitForLine(last, AnswerBound, first);
        var lines = Program.Lines(first);
        return string.Join('\n', lines[..(Array.FindIndex(lines, line => Regex.IsMatch(line, last)) + 1)]);
    }

    private static string Name(TestpmdMode mode) => mode == TestpmdMode.FiveTupleSwap ? "5tswap" : mode.ToString().ToLowerInvariant();

    private static int Bit(bool on) => on ? 1 : 0;
}
