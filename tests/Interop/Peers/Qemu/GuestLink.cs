using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>One end of a link in a guest: tests/LinkProcess, which says there what its arguments are.</summary>
internal sealed class GuestLink
{
    private readonly QemuGuest _guest;
    private readonly string _log;

    private GuestLink(QemuGuest guest, string log)
    {
        _guest = guest;
        _log = log;
    }

    /// <summary>Starts it; it keeps its end until the guest ends.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="name">A name that no other end in this guest has.</param>
    /// <param name="arguments">As "listen=198.18.0.1 provider=verbs".</param>
    /// <param name="network">A network namespace of the guest that it runs in; null for the guest's own.</param>
    public static GuestLink Start(QemuGuest guest, string name, string arguments, string? network = null)
    {
        string command = SoftRoce.Command("VhostUser.Tests.LinkProcess", arguments);
        // It ends with its standard input, which is therefore a program that says nothing for a long time.
        guest.Run($"(sleep 1000 | {(network is null ? "" : $"/bin/ip netns exec {network} ")}env {command}) > /tmp/{name}.log 2>&1 &");
        return new GuestLink(guest, $"/tmp/{name}.log");
    }

    /// <summary>Waits for a line that begins so; the guest does the waiting, since its serial line is slow.</summary>
    /// <exception cref="InvalidOperationException">It printed "failed", or what .NET says of an end by an exception, or the time is over.</exception>
    public string WaitForLine(string start, TimeSpan bound)
    {
        string wait = $"i=0; while [ $i -lt {(int)bound.TotalSeconds} ]; do grep -qE '^({start}|failed|Unhandled)' {_log} && break; sleep 1; i=$((i+1)); done; cat {_log}";
        string output = _guest.Run(wait, bound + TimeSpan.FromSeconds(30));
        Match line = Regex.Match(output, $"^{start}.*", RegexOptions.Multiline);
        return line.Success ? line.Value : throw _guest.Failure($"ran a link that printed no line '{start}' within {bound.TotalSeconds} s: {output}");
    }
}
