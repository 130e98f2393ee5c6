using System.Globalization;

namespace VhostUser.Fuzz;

/// <summary>dotnet run --project tests/Fuzz -c Release -- [--target NAME] [--seed N] [--count N] [--input HEX]</summary>
internal static class Program
{
    private const string Usage = "Options: --target NAME (or all, the default), --seed N (1), --count N (1000000, of each target), --input HEX (one input again).";

    private static int Main(string[] arguments)
    {
        var options = new Dictionary<string, string> { ["--target"] = "all", ["--seed"] = "1", ["--count"] = "1000000" };
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || arguments[i] is not ("--target" or "--seed" or "--count" or "--input")) return Complain(Usage);
            options[arguments[i]] = arguments[i + 1];
        }
        if (!ulong.TryParse(options["--seed"], out ulong seed) || !long.TryParse(options["--count"].Replace("_", ""), NumberStyles.None, null, out long count)) return Complain(Usage);
        string[] names = options["--target"] == "all" ? [.. FuzzTargets.Names] : [options["--target"]];
        bool failed = false;
        foreach (string name in names)
        {
            using FuzzTarget? target = FuzzTargets.Create(name);
            if (target is null) return Complain($"There is no target '{name}'; there are {string.Join(", ", FuzzTargets.Names)}.");
            // The console makes descriptors of its own when it is first written to: not in the middle of a count.
            Console.Error.WriteLine(name);
            var runner = new FuzzRunner(target, seed);
            if (options.TryGetValue("--input", out string? input))
            {
                Console.WriteLine(runner.Replay(Convert.FromHexString(input)) ?? "passes");
                continue;
            }
            FuzzReport report = runner.Run(count, progress: Console.Error.WriteLine);
            Console.WriteLine(report);
            Console.WriteLine("  " + string.Join(", ", target.Outcomes.Select(outcome => $"{outcome.Key} {outcome.Value:#,0}")));
            failed |= report.Failure is not null;
        }
        return failed ? 1 : 0;
    }

    private static int Complain(string text)
    {
        Console.Error.WriteLine(text);
        return 2;
    }
}
