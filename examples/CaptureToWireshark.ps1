<#
.SYNOPSIS
Both ends of a link captured into one pcapng file, and the file opened in tshark.
.EXAMPLE
./examples/CaptureToWireshark.ps1
.EXAMPLE
./examples/CaptureToWireshark.ps1 -Keep ./link.pcapng
Keeps the file; open it in Wireshark.
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser",

    # Where the capture is to stay; it is removed when not given.
    [string] $Keep
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
try {
    # The responder answers ARP; everything else it leaves alone.
    $null = Start-VhostServer arp0 "$folder/arp.sock" -OnPacket {
        param($packet)
        if ($packet.Protocol -ne 'ARP') { return }
        New-VhostPacket -Arp -ArpOperation Reply -SourceMac 02:00:00:00:00:99 -Source $packet.Destination -Destination $packet.Source -DestinationMac $packet.SourceMac
    }
    $null = New-VhostSharedRegion lab 64MB
    $null = Connect-VhostClient vm0 "$folder/arp.sock" lab

    # One interface of the file for each end.
    $null = Start-VringCapture link "$folder/link.pcapng" arp0, vm0
    '10.0.0.7', '10.0.0.8' | New-VhostPacket -Arp | Send-VringPacket vm0
    New-VhostPacket -Udp -Payload 'is anybody there?' | Send-VringPacket vm0
    $null = Receive-VringPacket vm0 -Count 2 -Timeout 10
    while ((Get-VhostServer arp0).PacketsReceived -lt 3) { Start-Sleep -Milliseconds 10 }
    $capture = Stop-VringCapture link -PassThru
    "$($capture.Packets) packets of $($capture.Interfaces.Name -join ' and '), $($capture.Dropped) dropped"
    if ($capture.Packets -ne 10) { throw "Expected 10 packets: 3 sent and 2 answers, each at both ends. Got $($capture.Packets)." }

    if (Get-Command tshark -ErrorAction Ignore) {
        tshark -r "$folder/link.pcapng" -T fields -E separator=/s -e frame.number -e frame.interface_name -e _ws.col.Protocol -e _ws.col.Info 2> $null
        if ($LASTEXITCODE -ne 0) { throw "tshark ended with code $LASTEXITCODE" }
    } else {
        'tshark is not installed, so it does not show the file: apt-get install tshark'
    }
    if ($Keep) {
        Copy-Item "$folder/link.pcapng" $Keep
        "The capture is in $Keep; open it in Wireshark."
    }
} finally {
    Get-VringCapture | Stop-VringCapture
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
