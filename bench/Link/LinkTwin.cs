using System.Text;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench.Link;

/// <summary>The yardstick in C, compiled when the benchmark begins.</summary>
internal static class LinkTwin
{
    /// <summary>Gets the compiled program.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "link-twin");

    /// <summary>Compiles it; returns why that can't be done, with the remedy, or null.</summary>
    public static string? Build()
    {
        if (Programs.Find("gcc") is null) return "gcc not found: apt-get install gcc libc6-dev";
        if (!File.Exists("/usr/include/rdma/fabric.h")) return "libfabric's headers not found: apt-get install libfabric-dev";
        string source = Path.Combine(AppContext.BaseDirectory, "link-twin.c");
        string said = Encoding.UTF8.GetString(Programs.Filter(["sh", "-c", $"gcc -O2 -o '{Program}' '{source}' -lfabric 2>&1"], default));
        return File.Exists(Program) ? null : $"link-twin.c does not compile: {said}";
    }
}
