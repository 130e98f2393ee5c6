<#
.SYNOPSIS
A lab on two hosts, driven from one prompt over SSH: a link on each, packets of one host sent on by the other, and a fan-out over all.
.DESCRIPTION
Handles live where they were made and are used there by name; what comes back over SSH are flat records with PSComputerName. Each host needs
PowerShell with the SSH subsystem (Subsystem powershell /usr/bin/pwsh -sshs) and the module at the same place.
.EXAMPLE
./examples/TwoHostLab.ps1 -Connection @{ HostName = 'hostA' }, @{ HostName = 'hostB'; UserName = 'lab' } -Module VhostUser
.EXAMPLE
./examples/TwoHostLab.ps1 -Session $a, $b
#>
[CmdletBinding(DefaultParameterSetName = 'Connection')]
param(
    # One table for each host, with the parameters of New-PSSession: HostName, UserName, Port, KeyFilePath, Options.
    [Parameter(Mandatory, ParameterSetName = 'Connection')]
    [hashtable[]] $Connection,

    # Sessions that are there already.
    [Parameter(Mandatory, ParameterSetName = 'Session')]
    [System.Management.Automation.Runspaces.PSSession[]] $Session,

    # The module on the hosts: a folder, or the name of an installed one.
    [string] $Module = (Resolve-Path "$PSScriptRoot/../out/VhostUser")
)
$ErrorActionPreference = 'Stop'
$sessions = if ($Session) { $Session } else { foreach ($one in $Connection) { New-PSSession @one } }
try {
    if ($sessions.Count -lt 2) { throw "A lab on two hosts needs two of them; got $($sessions.Count)." }

    # The same link on every host at once. Nothing of it travels, so nothing is written.
    Invoke-Command $sessions -ArgumentList $Module {
        param($module)
        $ErrorActionPreference = 'Stop'
        Import-Module $module
        $folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
        $null = New-VhostSharedRegion lab 32MB
        $null = Start-VhostServer sw0 "$folder/lab.sock" -Mode Echo
        $null = Connect-VhostClient vm0 "$folder/lab.sock" lab
    }

    # Host A's client sends and gets its packets back; what it got goes on to host B as text, and round B's link.
    $first, $second = $sessions
    $packets = Invoke-Command $first {
        New-VhostPacket -Udp -Destination 10.0.0.2 -Payload 'from A' -Count 5 -Counter SourcePort | Send-VringPacket vm0
        Receive-VringPacket vm0 -Count 5 -Timeout 20 | ForEach-Object { $_.ToHex() }
    }
    $relayed = $packets | Invoke-Command $second {
        $input | Send-VringPacket vm0
        Receive-VringPacket vm0 -Count 5 -Timeout 20
    }
    $relayed | ForEach-Object { "host B got: $($_.Summary)" }

    # A fan-out: every host measures itself at the same time; the rows say where they come from.
    Invoke-Command $sessions -ThrottleLimit 16 {
        New-VhostPacket -Length 64 | Send-VringPacket vm0 -Count 200
        Get-VhostServer
    } | Sort-Object PSComputerName | ForEach-Object { "$($_.PSComputerName): server $($_.Name) in process $($_.OwnerProcessId) received $($_.PacketsReceived) packets" }

    if ($relayed.Count -ne 5) { throw "Expected 5 packets from host B, got $($relayed.Count)." }
} finally {
    Invoke-Command $sessions -ErrorAction Continue {
        if (-not (Get-Module VhostUser)) { return }
        $folders = Get-VhostServer | ForEach-Object { Split-Path $_.Path }
        Remove-Module VhostUser
        $folders | Where-Object { $_ } | Remove-Item -Recurse
    }
    if (-not $Session) { $sessions | Remove-PSSession }
}
