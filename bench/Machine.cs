using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VhostUser.Bench;

/// <summary>What the numbers were measured on.</summary>
internal static class Machine
{
    /// <summary>The clock that cycles per packet are counted in: the processor's nominal frequency as the kernel tells it.</summary>
    public static double CyclesPerSecond()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("cpu MHz", StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(line.IndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture) * 1e6;
    }

    public static string Describe(double cycles)
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal));
        return $"{line?[(line.IndexOf(':') + 2)..] ?? "unknown processor"}, {cycles / 1e9:0.00} GHz, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";
    }

    /// <summary>The folder that holds VhostUser.slnx, upwards from here.</summary>
    public static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VhostUser.slnx"))) return folder.FullName;
        }
        return Environment.CurrentDirectory;
    }
}
