namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that boots a guest, and is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QemuFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for QEMU, busybox and a kernel.</summary>
    /// <param name="full">Whether the test is part of the full matrix only.</param>
    /// <param name="tap">Whether the test needs a tap interface too.</param>
    public QemuFactAttribute(bool full = false, bool tap = false) => Skip =
        (full ? FullMatrix.WhySkipped : null) ?? QemuGuest.WhyImpossible ?? (tap ? TapFactAttribute.WhyImpossible : null);
}
