<#
.SYNOPSIS
Eight links on which nothing moves, or nothing arrives, and where the module tells why: verdicts, refusals, drops, the handshake.
.EXAMPLE
./examples/WhyNoPackets.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

# Shows the verdicts and demands that one of them is the expected one.
function Show-Verdict([string] $Situation, [string] $Expected, [scriptblock] $Rings) {
    "`n$Situation"
    $verdicts = & $Rings
    $verdicts | ForEach-Object { "   $($_.Owner) ring $($_.Queue) $($_.Direction): $($_.Verdict)" }
    if (-not ($verdicts.Verdict -like $Expected)) { throw "No verdict is like '$Expected'." }
}

function Clear-Bench {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
}

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
$socket = "$folder/lab.sock"
$null = New-VhostSharedRegion lab 64MB
try {
    $null = Start-VhostServer sw0 $socket
    Show-Verdict '1. Nobody has connected to the server.' '*no front-end is connected*' { Get-VringState -Server sw0 }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket -Mode Source
    $null = Connect-VhostClient vm0 $socket lab -Device Other -RingCount 2
    $null = Wait-VhostServer sw0 -Timeout 5
    Show-Verdict '2. The front-end gives no receive buffers: it drives the rings itself (-Device Other).' '*posted no receive buffers*' { Get-VringState -Server sw0 -Queue 0 }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket -Mode Source -Poll
    $null = Connect-VhostClient vm0 $socket lab
    $null = Wait-VhostServer sw0 -Timeout 5
    $deadline = [datetime]::Now.AddSeconds(5)
    while ((Get-VringState -Client vm0 -Queue 0).InFlight -and [datetime]::Now -lt $deadline) { Start-Sleep -Milliseconds 10 }
    Show-Verdict '3. The source has filled all buffers, and the front-end does not receive.' '*packets wait to be received*' { Get-VringState -Server sw0 -Queue 0; Get-VringState -Client vm0 -Queue 0 }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket -OnPacket { Start-Sleep 2 }
    $null = Connect-VhostClient vm0 $socket lab
    New-VhostPacket | Send-VringPacket vm0 -Count 3
    Show-Verdict '4. The back-end is busy with something else: its packet script takes two seconds.' '*packets wait and the back-end has returned none*' { Get-VringState -Client vm0 -Queue 1 }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket
    $null = Connect-VhostClient vm0 $socket lab
    Stop-VhostServer sw0
    Show-Verdict '5. The back-end has gone.' '*closed the connection*' { Get-VringState -Client vm0 }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket
    $null = Connect-VhostClient vm0 $socket lab
    Connect-VhostClient vm1 $socket lab -ErrorAction SilentlyContinue -ErrorVariable refused
    "`n6. Another front-end has the server: a back-end serves one at a time."
    "   the second client: $($refused[0].Exception.Message)"
    "   the server: $((Get-VhostServer sw0).LastRefusal)"
    if ((Get-VhostServer sw0).LastRefusalId -ne 'ServerOccupied') { throw 'The server does not say that it was occupied.' }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket -Mode Echo
    $null = Connect-VhostClient vm0 $socket lab -QueueSize 16
    New-VhostPacket | Send-VringPacket vm0 -Count 100 -Timeout 10
    $deadline = [datetime]::Now.AddSeconds(10)
    while ((Get-VhostServer sw0).PacketsReceived -lt 100 -and [datetime]::Now -lt $deadline) { Start-Sleep -Milliseconds 10 }
    $drops = (Get-VhostServer sw0).Drops
    "`n7. Everything arrived and most was dropped: the client has 16 receive buffers and takes nothing out of them."
    $drops.GetEnumerator() | ForEach-Object { "   dropped for $($_.Key): $($_.Value)" }
    if (-not $drops.ContainsKey('NoReceiveBuffer')) { throw 'No packet was dropped for want of a receive buffer.' }
    Clear-Bench

    $null = Start-VhostServer sw0 $socket
    $null = Send-VhostRequest -Path $socket GET_FEATURES
    "`n8. A front-end came and went in the middle of the handshake. What it said, and was answered:"
    Get-VhostServer sw0 -Message | ForEach-Object { "   $($_.Request): $($_.Result)" }
    if ((Get-VhostServer sw0 -Message).Request -notcontains 'GET_FEATURES') { throw 'The message was not recorded.' }
} finally {
    Clear-Bench
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
