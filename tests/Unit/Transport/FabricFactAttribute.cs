using System.Runtime.InteropServices;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>Whether libfabric is here: only its file is looked for, so that nothing is loaded for that.</summary>
internal static class FabricPresence
{
    public static string? WhyNot { get; } = Directory.Exists("/usr/lib") && ((string[])["/usr/lib", "/usr/lib64", $"/usr/lib/{Triplet}"]).Any(folder => File.Exists(Path.Combine(folder, "libfabric.so.1")))
        ? null : "libfabric is not installed (apt-get install libfabric1)";

    private static string Triplet => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}

/// <summary>A test that needs libfabric; it is skipped, with the remedy, where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FabricFactAttribute : FactAttribute
{
    public FabricFactAttribute() => Skip = FabricPresence.WhyNot;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FabricTheoryAttribute : TheoryAttribute
{
    public FabricTheoryAttribute() => Skip = FabricPresence.WhyNot;
}
