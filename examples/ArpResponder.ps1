<#
.SYNOPSIS
A server whose packet script answers ARP requests for 10.0.0.0/24, and a client that asks.
.EXAMPLE
./examples/ArpResponder.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
try {
    # The responder. The script runs in a runspace of its own, on the server's thread; $using: brings values of this one.
    $mac = '02:00:00:00:00:99'
    $null = Start-VhostServer arp0 "$folder/arp.sock" -OnPacket {
        param($packet)
        if ($packet.Protocol -ne 'ARP' -or $packet.Destination -notlike '10.0.0.*') { return }
        $reply = @{ Source = $packet.Destination; Destination = $packet.Source; DestinationMac = $packet.SourceMac }
        New-VhostPacket -Arp -ArpOperation Reply -SourceMac $using:mac @reply
    }

    # Who asks.
    $null = New-VhostSharedRegion lab 64MB
    $null = Connect-VhostClient vm0 "$folder/arp.sock" lab
    '10.0.0.7', '10.0.0.8', '192.168.1.1' | New-VhostPacket -Arp | Send-VringPacket vm0 -PassThru | ForEach-Object { "asked:    $($_.Summary)" }
    $answers = @(Receive-VringPacket vm0 -Count 2 -Timeout 10)
    $answers | ForEach-Object { "answered: $($_.Summary)" }

    $server = Get-VhostServer arp0
    "the server got $($server.PacketsReceived) packets and sent $($server.PacketsSent); 192.168.1.1 is not its business"
    if ("$($answers.Source)" -ne '10.0.0.7 10.0.0.8') { throw "Expected answers for 10.0.0.7 and 10.0.0.8, got '$($answers.Source)'." }
} finally {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
