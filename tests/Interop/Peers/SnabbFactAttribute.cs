namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that needs Snabb, and is reported as skipped where the path of the program is not given.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SnabbFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks into environment variable SNABB.</summary>
    public SnabbFactAttribute() => Skip = Snabb.WhyMissing;
}

/// <summary>A theory that needs Snabb, and is reported as skipped where the path of the program is not given.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SnabbTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks into environment variable SNABB.</summary>
    public SnabbTheoryAttribute() => Skip = Snabb.WhyMissing;
}
