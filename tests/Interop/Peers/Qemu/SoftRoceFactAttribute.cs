namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that boots guests with Soft-RoCE, and is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SoftRoceFactAttribute : Xunit.FactAttribute
{
    /// <summary>The environment variable that asks for the long ones too, with the value "full".</summary>
    public const string Variable = "VHOSTUSER_RDMA";

    /// <summary>Looks for QEMU, a kernel, and Debian's RDMA programs.</summary>
    /// <param name="full">Whether the test takes minutes, so that it is run when asked for only.</param>
    public SoftRoceFactAttribute(bool full = false) => Skip =
        (full && Environment.GetEnvironmentVariable(Variable) != "full" ? "takes minutes: ./build.sh test -Rdma runs it" : null) ?? SoftRoce.WhyImpossible;
}
