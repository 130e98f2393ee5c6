using System.Globalization;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>One end of a link in a process of its own (tests/LinkProcess), on this host or in a network namespace.</summary>
internal sealed class LinkEndProcess : IDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "VhostUser.Tests.LinkProcess");

    private LinkEndProcess(PeerProgram program) => Program = program;

    public PeerProgram Program { get; }

    /// <summary>Starts an end; one that listens listens when this returns.</summary>
    public static LinkEndProcess Start(HostNetwork? network, params string[] arguments)
    {
        TimeSpan lifetime = TimeSpan.FromMinutes(20);
        var end = new LinkEndProcess(network is null ? PeerProgram.Start(s_program, arguments, lifetime) : network.Start(lifetime, s_program, arguments));
        try
        {
            end.Program.WaitForLine("^ready", s_bound);
            return end;
        }
        catch
        {
            end.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the link is up.</summary>
    public void WaitUntilUp() => Program.WaitForLine("^up ", s_bound);

    /// <summary>Waits for the end of the traffic; what was sent, received and missing.</summary>
    public (long Sent, long Received, long Missing) WaitForTraffic(TimeSpan bound)
    {
        Match match = Program.WaitForLine(@"^(ok|failed) sent (\d+) received (\d+) missing (\d+)(.*)", bound);
        return match.Groups[1].Value == "ok" ? (Number(match.Groups[2]), Number(match.Groups[3]), Number(match.Groups[4])) : throw Program.Failure("traffic failed");
    }

    /// <summary>The link as the process sees it now.</summary>
    public (string State, int Sessions, long Lost) Look()
    {
        int from = Program.LineCount;
        Program.Send("state");
        Match match = Program.WaitForLine(@"^state (\w+) sessions (\d+) .*lost (\d+)", s_bound, from);
        return (match.Groups[1].Value, (int)Number(match.Groups[2]), Number(match.Groups[3]));
    }

    public void Dispose() => Program.Dispose();

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);
}
