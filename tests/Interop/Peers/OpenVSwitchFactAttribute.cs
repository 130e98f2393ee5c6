namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that runs an Open vSwitch with DPDK, and is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenVSwitchFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for the program, the right to make network namespaces, and hugepages.</summary>
    public OpenVSwitchFactAttribute() => Skip = OpenVSwitch.WhyImpossible;
}

/// <summary>A theory that runs an Open vSwitch with DPDK, and is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenVSwitchTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks for the program, the right to make network namespaces, and hugepages.</summary>
    public OpenVSwitchTheoryAttribute() => Skip = OpenVSwitch.WhyImpossible;
}
