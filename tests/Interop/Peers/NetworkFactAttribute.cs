namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that joins network namespaces; skipped, with the reason, where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for the right to make namespaces and interfaces.</summary>
    /// <param name="program">A program that the test runs in a namespace.</param>
    public NetworkFactAttribute(string? program = null) => Skip = TapFactAttribute.WhyImpossible ?? (program is null ? null : Programs.WhyMissing(program));
}
