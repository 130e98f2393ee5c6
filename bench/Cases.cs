namespace VhostUser.Bench;

/// <summary>All rows of the table, in its order.</summary>
internal static class Cases
{
    private static readonly string[] s_layouts = ["split", "packed"];

    public static IEnumerable<BenchCase> All(bool quick) => [.. Traffic(), .. GuestToGuest(), .. RoundTrips(), .. WakeUps(), .. ProcessorTime(), .. AtThePrompt(quick)];

    private static IEnumerable<BenchCase> Traffic()
    {
        foreach (string layout in s_layouts)
        {
            bool packed = layout == "packed";
            foreach (int size in new[] { 64, 1500 })
            {
                bool quick = size == 64;
                yield return new("virtio_user -> our Sink / -> net_vhost", layout, size, time => OurRuns.Sink(size, packed, time), DpdkRuns.FrontToBack(size, packed))
                {
                    Wanted = size == 64 ? ">= 1.0" : ">= 1.2", Quick = quick,
                };
                yield return new("our client -> net_vhost / virtio_user ->", layout, size, time => OurRuns.ClientToBackEnd(size, packed, time), DpdkRuns.FrontToBack(size, packed))
                {
                    Wanted = ">= 1.0", Quick = quick,
                };
                yield return new("our Source -> virtio_user / net_vhost ->", layout, size, time => OurRuns.Source(size, packed, time), DpdkRuns.BackToFront(size, packed))
                {
                    Wanted = ">= 1.0", Quick = quick,
                };
                yield return new("ours <-> ours / virtio_user <-> net_vhost", layout, size, time => OurRuns.RoundTrip(size, packed, time), DpdkRuns.RoundTrip(size, packed))
                {
                    Wanted = size == 64 ? ">= 1.2" : "", Quick = quick,
                };
            }
        }
    }

    private static IEnumerable<BenchCase> GuestToGuest() => s_layouts.Select(layout => new BenchCase(
        "guest to guest: our Bridge / testpmd io", layout, 1500, time => OurRuns.Bridge(1500, layout == "packed", time), DpdkRuns.GuestToGuest(1500, layout == "packed"))
    {
        Wanted = ">= 1.3", Quick = layout == "split",
    });

    private static IEnumerable<BenchCase> RoundTrips()
    {
        foreach (string layout in s_layouts)
        {
            bool packed = layout == "packed";
            foreach (bool sleeping in new[] { false, true })
            {
                string ends = sleeping ? "both ends of ours asleep / client asleep, io polls" : "polling";
                PeerRun theirs = Latency.Dpdk(packed, sleeping);
                yield return new($"ping-pong of our client with our Echo / testpmd io, p50, {ends}", layout, 64, time => Latency.Ours(packed, sleeping, time), theirs)
                {
                    Unit = "µs", Wanted = sleeping ? "" : "<= 1.0", Quick = !packed,
                };
                yield return new($"ping-pong of our client with our Echo / testpmd io, p99, {ends}", layout, 64, time => Latency.Same(packed, sleeping, time), theirs)
                {
                    Unit = "µs", Wanted = sleeping ? "" : "<= 1.0", Quick = !packed, Pick = run => run.Tail,
                };
            }
        }
    }

    private static IEnumerable<BenchCase> WakeUps()
    {
        var bench = new BenchCase("chain there and back, both ends asleep: our Sink / libvhost-user, p50", "split", 64, WakeUp.Ours, WakeUp.LibvhostUser)
        {
            Unit = "µs", Wanted = "<= 1.0", Skipped = WakeUp.WhyMissing,
        };
        yield return bench;
        yield return bench with { Name = bench.Name.Replace("p50", "p99", StringComparison.Ordinal), Pick = run => run.Tail };
    }

    private static IEnumerable<BenchCase> ProcessorTime()
    {
        const double rate = 100_000;
        yield return Alone("core of a sleeping server at 100,000 packets/s", 64, "%", time => Scaling.CoreUse(poll: false, rate, time), "< 15");
        yield return Alone("core of a polling server at 100,000 packets/s", 64, "%", time => Scaling.CoreUse(poll: true, rate, time));
        foreach (int pairs in new[] { 1, 2, 4 })
            yield return Alone($"processor time of the server(s) per packet, {pairs} queue pair(s)", 64, "ns", time => Scaling.QueuePairs(pairs, time), "flat");
        foreach (int servers in new[] { 1, 4, 16, 64 })
            yield return Alone($"processor time of the server(s) per packet, {servers} server(s)", 64, "ns", time => Scaling.Servers(servers, time), "flat");
        foreach (int servers in new[] { 4, 16, 64 })
            yield return Alone($"memory per server and client, {servers} of them", 0, "KiB", _ => Scaling.MemoryPerServer(servers), "flat");
        foreach (string layout in s_layouts)
        {
            foreach (int size in new[] { 64, 1500 })
                yield return Alone("client, rings and Echo in turn on one core", size, "ns", _ => new Measurement(PathCost.Measure(layout == "packed", size).Total)) with { Layout = layout };
        }
    }

    private static IEnumerable<BenchCase> AtThePrompt(bool quick)
    {
        var pipeline = new Pipeline();
        int packets = quick ? 50_000 : 200_000;
        yield return Prompt("objects into Send-VringPacket", "packets/s", _ => pipeline.Figure("objects", packets), ">= 300,000");
        yield return Prompt("Send-VringPacket -Count / the same without PowerShell", "packets/s", _ => pipeline.Figure("repeat", packets), ">= 0.9") with
        {
            Theirs = new PeerRun("core", _ => Pipeline.CoreRate()),
        };
        yield return Prompt("objects out of Receive-VringPacket", "packets/s", _ => pipeline.Figure("receive", packets), ">= 200,000");
        yield return Prompt("Import-Module, over an empty pwsh", "s", _ => pipeline.Import(), "<= 0.3");
        yield return Prompt("from the import to the first packet back", "s", _ => pipeline.Figure("first", packets), "<= 1");
    }

    private static BenchCase Alone(string name, int size, string unit, Func<TimeSpan, Measurement> run, string wanted = "") => new(name, "split", size, run, null)
    {
        Unit = unit, Wanted = wanted, Once = true,
    };

    private static BenchCase Prompt(string name, string unit, Func<TimeSpan, Measurement> run, string wanted) => Alone(name, 64, unit, run, wanted) with { Skipped = Pipeline.WhyMissing };
}
