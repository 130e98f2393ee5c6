namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that needs a peer program, and is reported as skipped, with the remedy, where the program is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for <paramref name="program"/> in the PATH.</summary>
    public PeerFactAttribute(string program = Programs.Testpmd) => Skip = Programs.WhyMissing(program);
}
