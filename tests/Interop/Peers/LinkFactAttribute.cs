namespace VhostUser.Tests.Interop.Peers;

/// <summary>Why no link can be made here.</summary>
internal static class LinkNeeds
{
    public static string? WhyMissing { get; } =
        ((string[])["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]).Any(folder => File.Exists(folder + "/libfabric.so.1"))
        ? null : "libfabric.so.1 not found: ./build.sh peers installs it (apt-get install libfabric1)";
}

/// <summary>A theory that needs libfabric; skipped, with the remedy, where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinkTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks for the library.</summary>
    public LinkTheoryAttribute() => Skip = LinkNeeds.WhyMissing;
}

/// <summary>A fact that needs libfabric and network namespaces; skipped, with the reason, where either is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinkNetworkFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for the library, and for the right to make namespaces.</summary>
    public LinkNetworkFactAttribute() => Skip = LinkNeeds.WhyMissing ?? TapFactAttribute.WhyImpossible;
}
