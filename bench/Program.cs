using System.Diagnostics;
using System.Globalization;
using VhostUser.Bench;
using VhostUser.Bench.Link;
using VhostUser.Tests.Interop.Peers;

if (args.Length > 0 && args[0] == LinkEndProcess.Switch) return LinkEndProcess.Run(args[1..]);
const string Help = """
    Compares this project's ends of vhost-user links with DPDK's, alternating on the same cores. ./build.sh bench [-Quick] runs it.

      --quick        one alternation of the 64-byte rows, and no tables are updated; under a minute
      --runs N       alternations (5)
      --seconds S    seconds of each run that are measured (0.7; quick 0.3)
      --case TEXT    only rows whose name, layout and size contain the text, such as "echo" or "split 64"
      --name NAME    writes bench/results/NAME.json (latest; quick with --quick, scratch with --case)
      --list         names the rows
      --link         links between hosts instead of rings; bench/results/link.json
      --path         what our code costs without a second core, in nanoseconds per packet; needs no DPDK

    Needs two cores and dpdk-testpmd. The rows of the prompt need pwsh, and are skipped without.
    """;
string[] known = ["--quick", "--runs", "--seconds", "--case", "--name", "--list", "--link", "--path", "--help", "-h"];
if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(Help);
    return 0;
}
if (args.FirstOrDefault(argument => argument.StartsWith('-') && !known.Contains(argument)) is string unknown)
{
    Console.Error.WriteLine($"{unknown} is no option.\n{Help}");
    return 2;
}
if (args.Contains("--path"))
{
    PathCost.Print();
    return 0;
}
bool quick = args.Contains("--quick");
int runs = int.Parse(Option("--runs") ?? (quick ? "1" : "5"), CultureInfo.InvariantCulture);
var time = TimeSpan.FromSeconds(double.Parse(Option("--seconds") ?? (quick ? "0.3" : "0.7"), CultureInfo.InvariantCulture));
string? only = Option("--case");
string name = Option("--name") ?? (args.Contains("--link") ? quick ? "link-quick" : "link" : quick ? "quick" : only is null ? "latest" : "scratch");
string root = Machine.RepositoryRoot();
string folder = Path.Combine(root, "bench", "results");
Directory.CreateDirectory(folder);
string file = Path.Combine(folder, name + ".json");
if (args.Contains("--link"))
{
    int status = LinkBench.Run(runs, time, only, file);
    Console.WriteLine($"written to bench/results/{name}.json");
    return status;
}
BenchCase[] cases = [.. Cases.All(quick).Where(Wanted)];
if (args.Contains("--list"))
{
    foreach (BenchCase bench in cases) Console.WriteLine($"{bench.Name} {bench.Layout} {bench.Size}");
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

string machine = $"{Machine.Describe(Machine.CyclesPerSecond())}; {runs} alternating run(s) of {time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s; medians; ring of {DpdkRuns.QueueSize}, 1 queue pair.";
Console.WriteLine(machine);
Console.WriteLine(Report.ConsoleHeader);
var clock = Stopwatch.StartNew();
if (cases.Any(bench => bench.Theirs is not null)) PathCost.WarmUp();
var results = new List<BenchResult>();
// Rows that are compared with the same run of DPDK's stand together, so that an alternation makes it once for all of them.
foreach (IGrouping<string, BenchCase> group in cases.GroupBy(bench => bench.Theirs?.Name ?? bench.Name))
{
    foreach (BenchResult result in Measure([.. group]))
    {
        results.Add(result);
        Console.WriteLine(Report.ConsoleLine(result));
    }
}
BenchResult.Save(file, results);
Console.WriteLine($"written to bench/results/{name}.json after {clock.Elapsed.TotalSeconds:0} s");
if (name == "latest" && only is null)
{
    Report.Update(Path.Combine(root, "bench", "README.md"), machine, results, all: true);
    Report.Update(Path.Combine(root, "README.md"), machine, results, all: false);
    Console.WriteLine("and into the tables of bench/README.md and README.md");
}
return 0;

bool Wanted(BenchCase bench) => only is null ? bench.Quick || !quick : $"{bench.Name} {bench.Layout} {bench.Size}".Contains(only, StringComparison.OrdinalIgnoreCase);

IEnumerable<BenchResult> Measure(BenchCase[] group)
{
    if (group[0].Skipped is string why) return group.Select(bench => BenchResult.Skip(bench, why));
    var pairs = group.ToDictionary(bench => bench, _ => new List<(Measurement, Measurement?)>());
    try
    {
        for (int i = 0; i < (group[0].Once ? 1 : runs); i++)
        {
            Measurement[] ours = [.. group.Select(bench => bench.Ours(time))];
            Measurement? theirs = group[0].Theirs?.Run(time);
            for (int row = 0; row < group.Length; row++)
            {
                BenchCase bench = group[row];
                pairs[bench].Add((ours[row] with { Value = bench.Pick(ours[row]) }, theirs is Measurement run ? run with { Value = bench.Pick(run) } : null));
            }
        }
    }
    catch (Exception error)
    {
        // One row that fails must not cost the others; the table says what happened.
        Console.Error.WriteLine(error);
        return group.Select(bench => BenchResult.Skip(bench, $"failed: {error.Message.Split('\n')[0]}"));
    }
    return group.Select(bench => BenchResult.Of(bench, pairs[bench]));
}

string? Option(string key)
{
    int index = Array.IndexOf(args, key);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}
