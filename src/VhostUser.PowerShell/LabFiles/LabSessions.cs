using VhostUser.Labs;

namespace VhostUser.LabFiles;

/// <summary>Hosts of a lab and the PSSessions in which their parts are made: memory and sockets live in the PowerShell at the other end.</summary>
internal static class LabSessions
{
    /// <summary>Brings up one host's part; its steps come back as records with PSComputerName.</summary>
    public const string StartScript = """
        param($session, $definition, $hostName, $folder, $whatIf)
        Invoke-Command -Session $session -ArgumentList $definition, $hostName, $folder, $whatIf -ScriptBlock {
            param($definition, $hostName, $folder, $whatIf)
            if (-not (Get-Command Start-VhostLab -ErrorAction Ignore)) { Import-Module VhostUser -ErrorAction Stop }
            $more = if ($folder) { @{ Folder = $folder } } else { @{} }
            Start-VhostLab -Definition $definition -HostName $hostName -WhatIf:$whatIf @more
        }
        """;

    /// <summary>Takes down a lab in one session.</summary>
    public const string StopScript = """
        param($session, $name, $whatIf, $passThru)
        Invoke-Command -Session $session -ArgumentList $name, $whatIf, $passThru -ScriptBlock {
            param($name, $whatIf, $passThru)
            Stop-VhostLab -Name $name -WhatIf:$whatIf -PassThru:$passThru
        }
        """;

    /// <summary>The session of each host.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="name">A session's name.</param>
    /// <param name="computer">The machine that a session connects to.</param>
    /// <exception cref="VhostException">InvalidArgument: a host has no session.</exception>
    public static IEnumerable<(string Host, T Session)> Match<T>(Lab lab, IReadOnlyList<T> sessions, Func<T, string> name, Func<T, string> computer) where T : class
    {
        if (lab.Hosts.Count == 0) throw new VhostException(VhostError.InvalidArgument, $"Lab '{lab.Name}' has no hosts, and sessions were given.", lab.Name, "Leave out -Session, or add a Hosts table to the lab.");
        foreach ((string host, string address) in lab.Hosts)
        {
            T? session = sessions.FirstOrDefault(one => Is(name(one), host)) ?? sessions.FirstOrDefault(one => Is(computer(one), address));
            yield return session is not null ? (host, session) : throw new VhostException(VhostError.InvalidArgument,
                $"Host '{host}' of lab '{lab.Name}' has no session; there are {string.Join(", ", sessions.Select(one => $"{name(one)} to {computer(one)}"))}.", host,
                $"Open one: New-PSSession -Name {host} -HostName {address}");
        }
    }

    private static bool Is(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
