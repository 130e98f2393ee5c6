using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench.Link;

/// <summary>The part of the benchmark that is about links between hosts, over loopback: the method of one case is run in turn with that of another.</summary>
internal static class LinkBench
{
    /// <summary>A row: ours against theirs, and what the ratio should be.</summary>
    /// <param name="Name">What is compared.</param>
    /// <param name="Size">Bytes per packet.</param>
    /// <param name="Wanted">The ratio demanded.</param>
    /// <param name="Missing">Why it can't be run, or null.</param>
    /// <param name="Ours">Packets per second of ours.</param>
    /// <param name="Theirs">Packets per second of the other.</param>
    private sealed record Row(string Name, int Size, double Wanted, string? Missing, Func<TimeSpan, Measurement> Ours, Func<TimeSpan, Measurement> Theirs);

    /// <summary>Runs all rows whose name contains a text.</summary>
    public static int Run(int runs, TimeSpan time, string? only, string file)
    {
        string? pin = OtherPrograms.WhyMissing("taskset");
        if (pin is not null || Environment.ProcessorCount < 2)
        {
            Console.Error.WriteLine(pin ?? "The benchmark needs two cores, one for each end.");
            return 1;
        }
        string? twin = LinkTwin.Build();
        Row[] rows = [.. Rows(twin).Where(row => only is null || $"{row.Name} {row.Size}".Contains(only, StringComparison.OrdinalIgnoreCase))];
        Console.WriteLine($"{Machine.Describe(Machine.CyclesPerSecond())}; {runs} alternating run(s) of {time.TotalSeconds:0.#} s each; medians; tcp over loopback, congestion control {File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim()}");
        Console.WriteLine($"{"case",-52} {"bytes",5} {"ours k/s",10} {"theirs k/s",10} {"ratio",7} {"spread",13} {"wanted",6} {"B/pkt",6}");
        var results = new List<BenchResult>();
        foreach (Row row in rows)
        {
            if (row.Missing is not null)
            {
                Console.WriteLine($"{row.Name,-52} {row.Size,5} not run: {row.Missing}");
                continue;
            }
            try
            {
                results.Add(Measure(row, runs, time));
            }
            catch (Exception error) when (error is InvalidOperationException or TimeoutException)
            {
                // One program that fails does not take the other rows along; the table says so.
                Console.WriteLine($"{row.Name,-52} {row.Size,5} failed: {error.Message}");
            }
        }
        BenchResult.Save(file, results);
        return results.Count == rows.Count(row => row.Missing is null) ? 0 : 1;
    }

    private static IEnumerable<Row> Rows(string? twin)
    {
        foreach (int size in (int[])[64, 256, 1500])
            yield return new("one message per packet / twin in C", size, 0.95, twin, t => LinkPair.Ours("tcp", "send", size, t), t => LinkPair.Twin("tcp", "send", size, t));
        yield return new("ping-pong, rate / twin in C", 64, 0.95, twin, t => LinkPair.Ours("tcp", "pingpong", 64, t), t => LinkPair.Twin("tcp", "pingpong", 64, t));
        yield return new("ping-pong, rate / fi_pingpong", 64, 1 / 1.15, OtherPrograms.WhyMissing("fi_pingpong"), t => LinkPair.Ours("tcp", "pingpong", 64, t), t => OtherPrograms.FabricPingPong(64, t));
        foreach (int size in (int[])[64, 1500])
        {
            yield return new("bundles / bundles of the twin in C", size, 0.95, twin, t => LinkPair.Ours("tcp", "bundle", size, t), t => LinkPair.Twin("tcp", "bundle", size, t));
            yield return new("bundles / libfabric's messages (twin in C)", size, size == 64 ? 20 : 4, twin, t => LinkPair.Ours("tcp", "bundle", size, t), t => LinkPair.Twin("tcp", "send", size, t));
            yield return new("ring to ring / bare bundles", size, 0.7, null, t => LinkPair.Ours("tcp", "ring", size, t), t => LinkPair.Ours("tcp", "bundle", size, t));
        }
        yield return new("bundles / iperf3, in bits", 1500, 1.0, OtherPrograms.WhyMissing("iperf3"), t => LinkPair.Ours("tcp", "bundle", 1500, t), t => OtherPrograms.Iperf3(1500, t));
        yield return new("bundles / ucx_perftest ucp_am_bw", 64, 40, OtherPrograms.WhyMissing("ucx_perftest"), t => LinkPair.Ours("tcp", "bundle", 64, t), t => OtherPrograms.Ucx(64, t));
        yield return new("bundles / ib_send_bw, in a guest with Soft-RoCE", 64, 10, SoftRoce.WhyImpossible, t => GuestRuns.Ours(64, t), t => GuestRuns.SendBandwidth(64));
    }

    private static BenchResult Measure(Row row, int runs, TimeSpan time)
    {
        var pairs = new List<(Measurement Ours, Measurement? Theirs)>();
        for (int i = 0; i < runs; i++) pairs.Add((row.Ours(time), row.Theirs(time)));
        BenchResult result = BenchResult.Of(new BenchCase(row.Name, "link", row.Size, row.Ours, null) { Wanted = $">= {row.Wanted:0.##}" }, pairs);
        Console.WriteLine($"{row.Name,-52} {row.Size,5} {result.Ours / 1e3,10:0.0} {result.Theirs / 1e3,10:0.0} {result.Ratio,7:0.00} {result.RatioMin,6:0.00}-{result.RatioMax,-6:0.00} {row.Wanted,6:0.00} {result.AllocatedBytesPerPacket,6:0.00}");
        return result;
    }
}
