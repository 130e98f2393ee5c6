namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that makes a tap interface in a network namespace of its own; skipped, with the reason, where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TapFactAttribute : Xunit.FactAttribute
{
    /// <summary>Looks for the right to make interfaces, /dev/net/tun, and ip.</summary>
    public TapFactAttribute() => Skip = WhyImpossible;

    /// <summary>Gets why no tap interface can be made here, or null when one can.</summary>
    public static string? WhyImpossible =>
        !Environment.IsPrivilegedProcess ? "a tap interface needs root"
        : !File.Exists("/dev/net/tun") ? "this kernel has no /dev/net/tun (modprobe tun)"
        : Programs.Find("ip") is null ? "ip not found: ./build.sh peers installs it (apt-get install iproute2)"
        : null;
}
