using System.Globalization;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A link that the kernel makes: a pair of veth interfaces, impaired by sch_netem.</summary>
internal sealed class VethLink : HostLink
{
    private static readonly Lazy<bool> s_isPossible = new(Try);

    private readonly HostNetwork _left;
    private readonly HostNetwork _right;

    public VethLink(HostNetwork left, HostNetwork right)
        : base(HostNetwork.NewTapName(), HostNetwork.NewTapName())
    {
        (_left, _right) = (left, right);
        HostNetwork.Ip("link", "add", LeftName, "type", "veth", "peer", "name", RightName);
    }

    /// <summary>Gets whether this kernel has veth and netem, found out by using both.</summary>
    public static bool IsPossible => s_isPossible.Value;

    // With one end the other goes too.
    public override void Dispose() => _left.Remove(LeftName);

    // netem holds 1000 packets unless told otherwise: a delay would become a loss.
    private protected override void Apply(double loss, TimeSpan delay)
    {
        string netem = string.Create(CultureInfo.InvariantCulture, $"netem limit 100000 delay {delay.TotalMicroseconds:0}us loss {loss * 100:0.###}%");
        _left.Run($"tc qdisc replace dev {LeftName} root {netem}");
        _right.Run($"tc qdisc replace dev {RightName} root {netem}");
    }

    private static bool Try()
    {
        if (Programs.Find("tc") is null) return false;
        using HostNetwork left = new(), right = new();
        try
        {
            using VethLink link = new(left, right);
            left.Attach(link.LeftName, "198.18.255.1/24");
            right.Attach(link.RightName, "198.18.255.2/24");
            link.Cut();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
