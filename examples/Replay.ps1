<#
.SYNOPSIS
Traffic of one link recorded, and sent again through another: at once, at a rate, and with its own gaps.
.EXAMPLE
./examples/Replay.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
$file = "$folder/traffic.pcapng"
try {
    $null = New-VhostSharedRegion lab 64MB
    foreach ($name in 'old', 'new') {
        $null = Start-VhostServer "sw-$name" "$folder/$name.sock" -Mode Sink
        $null = Connect-VhostClient "vm-$name" "$folder/$name.sock" lab
    }

    # Recorded: 50 packets, 200 of them per second. Only what the client sends, so that nothing is in the file twice.
    $null = Start-VringCapture rec $file vm-old -Direction Out
    New-VhostPacket -Udp -Payload 'tick' | Send-VringPacket vm-old -Count 50 -Rate 200
    $recorded = Stop-VringCapture rec -PassThru
    "recorded $($recorded.Packets) packets"

    # Sent again. Another program's pcap or pcapng would do as well.
    $ways = [ordered]@{
        'as fast as the ring takes them' = @{ Count = 100 }
        '1000 per second' = @{ Rate = 1000 }
        'with the recorded gaps' = @{ Timing = 'Recorded' }
        'twice as fast as recorded' = @{ Timing = 'Recorded'; Speed = 2 }
    }
    foreach ($way in $ways.Keys) {
        $options = $ways[$way]
        $before = (Get-VhostServer sw-new).PacketsReceived
        $time = Measure-Command { Send-VringPacket vm-new -Path $file @options }
        $expected = $before + 50 * ($options['Count'] ?? 1)
        $clock = [Diagnostics.Stopwatch]::StartNew()
        while ((Get-VhostServer sw-new).PacketsReceived -lt $expected -and $clock.Elapsed.TotalSeconds -lt 20) { Start-Sleep -Milliseconds 10 }
        $arrived = (Get-VhostServer sw-new).PacketsReceived - $before
        '{0}: {1} packets in {2:n0} ms' -f $way, $arrived, $time.TotalMilliseconds
        if ($before + $arrived -ne $expected) { throw "Expected $($expected - $before) packets, got $arrived." }
    }
} finally {
    Get-VringCapture | Stop-VringCapture
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
