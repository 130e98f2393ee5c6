using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>The cables of the tests themselves: what they do to pings.</summary>
public sealed class HostLinkTests
{
    [NetworkFact(Programs.Busybox)]
    public void A_link_is_slow_lossy_cut_and_mended()
    {
        using HostNetwork left = new(), right = new();
        using HostLink link = HostLink.Join(left, "198.18.10.1/24", right, "198.18.10.2/24");
        Assert.Equal(0, LostPings(left, 3));

        link.Impair(delay: TimeSpan.FromMilliseconds(60));
        string[] slow = left.Run("busybox ping -c 2 -W 5 198.18.10.2").Split('\n');
        double fastest = slow.Select(line => Regex.Match(line, @"time=([\d.]+)")).Where(match => match.Success)
            .Min(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.True(fastest >= 119, $"{fastest} ms there and back");

        link.Cut();
        Assert.Equal(2, LostPings(left, 2));
        Assert.Contains("LOWER_UP", left.Run($"ip link show {link.LeftName}"));
        link.Mend();
        Assert.Equal(0, LostPings(left, 3));

        link.Impair(loss: 0.5);
        Assert.InRange(LostPings(left, 60), 10, 59);
    }

    [NetworkFact(Programs.Busybox)]
    public void A_bridge_joins_four_hosts()
    {
        using HostNetwork hub = new(), a = new(), b = new(), c = new(), d = new();
        using HostLink first = HostLink.Join(a, "198.18.10.1/24", hub, null), second = HostLink.Join(b, "198.18.10.2/24", hub, null);
        using HostLink third = HostLink.Join(c, "198.18.10.3/24", hub, null), fourth = HostLink.Join(d, "198.18.10.4/24", hub, null);
        foreach (int host in (int[])[2, 3, 4]) a.Run($"busybox ping -c 1 -W 5 198.18.10.{host}");
        fourth.Cut();
        Assert.Throws<InvalidOperationException>(() => a.Run("busybox ping -c 1 -W 1 198.18.10.4"));
    }

    private static int LostPings(HostNetwork network, int count)
    {
        string answer = network.Run($"busybox ping -c {count} -i 0.02 -W 1 198.18.10.2 || true", TimeSpan.FromSeconds(40));
        Match sums = Regex.Match(answer, @"(\d+) packets transmitted, (\d+) packets received");
        Assert.True(sums.Success, answer);
        return count - int.Parse(sums.Groups[2].Value, CultureInfo.InvariantCulture);
    }
}
