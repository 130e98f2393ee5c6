using System.Globalization;
using VhostUser.Bench;
using VhostUser.Tests.Interop.Peers;

// Usage: VhostUser.Bench [--quick] [--runs N] [--seconds S] [--case TEXT] [--name NAME]
bool quick = args.Contains("--quick");
int runs = int.Parse(Option("--runs") ?? (quick ? "1" : "5"), CultureInfo.InvariantCulture);
var time = TimeSpan.FromSeconds(double.Parse(Option("--seconds") ?? (quick ? "1" : "2"), CultureInfo.InvariantCulture));
string? only = Option("--case");
string name = Option("--name") ?? (quick ? "quick" : "latest");

if (args.Contains("--path"))
{
    foreach (bool packed in new[] { false, true })
    {
        foreach (int size in new[] { 64, 1500 })
        {
            PathCost.Cost cost = PathCost.Measure(packed, size);
            Console.WriteLine($"{(packed ? "packed" : "split"),-6} {size,5} B: send {cost.Send,5:0.0}  echo {cost.Echo,5:0.0}  receive {cost.Receive,5:0.0}  sum {cost.Total,5:0.0} ns");
        }
    }
    return 0;
}
if (Programs.WhyMissing(Programs.Testpmd) is string missing)
{
    Console.Error.WriteLine($"The benchmark compares with DPDK: {missing}");
    return 1;
}
if (Environment.ProcessorCount < 2)
{
    Console.Error.WriteLine("The benchmark needs two cores, one for each end.");
    return 1;
}

BenchCase[] cases =
[
    .. new[] { 64, 1500 }.SelectMany(size => new BenchCase[]
    {
        new("virtio_user -> our Sink / -> net_vhost", size, t => OurRuns.Sink(size, t), t => DpdkRuns.FrontToBack(size, t)),
        new("our Source -> virtio_user / net_vhost ->", size, t => OurRuns.Source(size, t), t => DpdkRuns.BackToFront(size, t)),
        new("our client -> net_vhost / virtio_user ->", size, t => OurRuns.ClientToBackEnd(size, t), t => DpdkRuns.FrontToBack(size, t)),
        new("ours <-> ours / virtio_user <-> net_vhost", size, t => OurRuns.RoundTrip(size, t), t => DpdkRuns.RoundTrip(size, t)),
    }).Where(bench => only is null || $"{bench.Name} {bench.Size}".Contains(only, StringComparison.OrdinalIgnoreCase)),
];

double cyclesPerSecond = Machine.CyclesPerSecond();
Console.WriteLine($"{Machine.Describe(cyclesPerSecond)}; {runs} alternating run(s) of {time.TotalSeconds:0.#} s each; medians; split ring of {DpdkRuns.QueueSize}, 1 queue pair");
Console.WriteLine($"{"case",-44} {"bytes",5} {"ours Mpps",9} {"DPDK Mpps",9} {"ours Gb/s",9} {"cyc/pkt",7} {"ratio",6} {"spread",11} {"B/pkt",6}");
var results = new List<BenchResult>();
foreach (BenchCase bench in cases)
{
    var pairs = new List<(Measurement Ours, Measurement Theirs)>();
    for (int i = 0; i < runs; i++) pairs.Add((bench.Ours(time), bench.Theirs(time)));
    double[] ratios = [.. pairs.Select(pair => pair.Ours.PacketsPerSecond / pair.Theirs.PacketsPerSecond).Order()];
    double ours = Median(pairs.Select(pair => pair.Ours.PacketsPerSecond));
    double theirs = Median(pairs.Select(pair => pair.Theirs.PacketsPerSecond));
    var result = new BenchResult
    {
        Case = bench.Name,
        Layout = "split",
        Size = bench.Size,
        Ours = Math.Round(ours),
        Theirs = Math.Round(theirs),
        Ratio = Math.Round(Median(ratios), 3),
        RatioMin = Math.Round(ratios[0], 3),
        RatioMax = Math.Round(ratios[^1], 3),
        Runs = runs,
        AllocatedBytesPerPacket = Math.Round(pairs.Max(pair => pair.Ours.AllocatedBytesPerPacket ?? 0), 3),
    };
    results.Add(result);
    Console.WriteLine($"{bench.Name,-44} {bench.Size,5} {ours / 1e6,9:0.00} {theirs / 1e6,9:0.00} {ours * bench.Size * 8 / 1e9,9:0.0} {cyclesPerSecond / ours,7:0} {result.Ratio,6:0.00} {ratios[0],5:0.00}-{ratios[^1],-5:0.00} {result.AllocatedBytesPerPacket,6:0.00}");
}
string folder = Path.Combine(Machine.RepositoryRoot(), "bench", "results");
Directory.CreateDirectory(folder);
string file = Path.Combine(folder, name + ".json");
BenchResult.Save(file, results);
Console.WriteLine($"written to bench/results/{name}.json");
return 0;

string? Option(string key)
{
    int index = Array.IndexOf(args, key);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}

static double Median(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    return sorted[sorted.Length / 2];
}
