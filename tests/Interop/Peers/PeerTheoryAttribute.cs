namespace VhostUser.Tests.Interop.Peers;

/// <summary>A theory that needs a peer program, and is reported as skipped, with the remedy, where the program is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks for <paramref name="program"/> in the PATH.</summary>
    public PeerTheoryAttribute(string program = Programs.Testpmd) => Skip = Programs.WhyMissing(program);
}
