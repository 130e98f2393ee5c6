using System.Diagnostics;
using System.Globalization;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>What the prompt makes of it: cmdlets in a pwsh of their own, by bench/pipeline.ps1.</summary>
internal sealed class Pipeline
{
    private const string Pwsh = "pwsh";
    private const int Repeats = 5_000_000;

    private readonly Lazy<string> _module = new(Publish);
    private Dictionary<string, double>? _figures;

    /// <summary>Why the rows can't be measured, or null.</summary>
    public static string? WhyMissing => Programs.Find(Pwsh) is null ? "pwsh not found in PATH: install PowerShell 7.6 or newer" : null;

    /// <summary>The script's figure of this name; one run of the script serves all names.</summary>
    public Measurement Figure(string name, int packets)
    {
        _figures ??= RunPwsh("-File", Path.Combine(Machine.RepositoryRoot(), "bench", "pipeline.ps1"), "-Module", _module.Value, "-Packets", $"{packets}")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
        return new Measurement(_figures[name]);
    }

    /// <summary>Seconds that a pwsh takes longer when it imports the module, of the quickest of three each.</summary>
    public Measurement Import() => new(Quickest($"Import-Module '{_module.Value}'") - Quickest("exit"));

    /// <summary>Packets per second of the same repeated packet without PowerShell.</summary>
    public static Measurement CoreRate()
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder.Socket, ServerMode.Sink, poll: false, core: null);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region);
        byte[] frame = PacketBuilder.Build(new PacketSpec { Length = 64 }).Bytes.ToArray();
        double best = 0;
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            client.Send(frame, 1, Repeats, 0, TimeSpan.FromSeconds(5), CancellationToken.None);
            best = Math.Max(best, Repeats / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return new Measurement(best);
    }

    private static double Quickest(string command)
    {
        double best = double.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            RunPwsh("-Command", command);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private static string Publish()
    {
        string root = Machine.RepositoryRoot();
        string module = Path.Combine(root, "out", "bench", "VhostUser");
        Run("dotnet", ["publish", Path.Combine(root, "src", "VhostUser.PowerShell"), "-c", "Release", "-m:1", "-v", "quiet", "-o", module]);
        return module;
    }

    private static string RunPwsh(params string[] arguments) => Run(Pwsh, ["-NoProfile", "-NonInteractive", .. arguments]);

    private static string Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["NO_COLOR"] = "1";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with code {process.ExitCode}: {output}");
    }
}
