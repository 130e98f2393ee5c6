namespace VhostUser.Tests.Interop.Peers;

/// <summary>A theory whose cells each boot a guest, and which is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QemuTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks for QEMU, busybox and a kernel.</summary>
    /// <param name="tap">Whether the test needs a tap interface too.</param>
    public QemuTheoryAttribute(bool tap = false) => Skip = QemuGuest.WhyImpossible ?? (tap ? TapFactAttribute.WhyImpossible : null);
}
