using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench.Link;

/// <summary>Both ends in one guest with Soft-RoCE, the only verbs that every machine has.</summary>
internal static class GuestRuns
{
    private const string Address = "198.18.0.1";
    private const int SendMessages = 5000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);

    /// <summary>Our bundles over provider verbs.</summary>
    public static Measurement Ours(int size, TimeSpan time)
    {
        using QemuGuest guest = SoftRoce.Start($"{Address}/24");
        string seconds = (time.TotalSeconds + 2).ToString(CultureInfo.InvariantCulture);
        string Command(string role, string port) => SoftRoce.Command("VhostUser.Bench", $"{LinkEndProcess.Switch} {role} verbs {Address} {port} bundle {size} {seconds}");
        guest.Run($"({Command("listen", "0")} > /tmp/listen.log 2>&1) > /dev/null 2>&1 &");
        string port = Find(guest, @"^listening (\d+)").Groups[1].Value;
        guest.Run($"({Command("connect", port)}) > /tmp/connect.log 2>&1 &");
        Match result = Find(guest, @"^packets (\d+) seconds ([\d.]+)");
        return new Measurement(double.Parse(result.Groups[1].Value, CultureInfo.InvariantCulture) / double.Parse(result.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>The message rate of perftest's ib_send_bw.</summary>
    public static Measurement SendBandwidth(int size)
    {
        using QemuGuest guest = SoftRoce.Start($"{Address}/24");
        string command = $"ib_send_bw -d rxe0 -x 1 -F -e -s {size} -n {SendMessages}";
        guest.Run($"{command} > /tmp/server.log 2>&1 & sleep 2");
        // #bytes #iterations BW peak BW average MsgRate[Mpps]
        Match line = Regex.Match(guest.Run($"{command} {Address}", Bound), $@"^\s*{size}\s+\d+\s+[\d.]+\s+[\d.]+\s+([\d.]+)\s*$", RegexOptions.Multiline);
        return line.Success ? new Measurement(double.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture) * 1e6) : throw new InvalidOperationException("ib_send_bw gave no message rate");
    }

    // One command that waits, rather than many that look: the guest's serial line is slow.
    private static Match Find(QemuGuest guest, string pattern)
    {
        string start = pattern[1..pattern.IndexOf(' ', StringComparison.Ordinal)];
        string log = guest.Run($"i=0; while [ $i -lt {(int)Bound.TotalSeconds} ]; do grep -q '^{start}' /tmp/listen.log && break; sleep 1; i=$((i+1)); done; cat /tmp/listen.log", Bound + TimeSpan.FromSeconds(30));
        Match match = Regex.Match(log, pattern, RegexOptions.Multiline);
        return match.Success ? match : throw guest.Failure($"ran a link that printed '{log}'");
    }
}
