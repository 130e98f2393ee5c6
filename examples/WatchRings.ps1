<#
.SYNOPSIS
Rings drawn live while traffic runs: a server that sends back, and a source whose client does not take its packets.
.DESCRIPTION
In a terminal the picture is drawn for -Seconds (q ends it sooner); redirected, it writes plain lines.
.EXAMPLE
./examples/WatchRings.ps1 -Seconds 30
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser",

    # How long to watch.
    [double] $Seconds = 2
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
$traffic = $null
try {
    $null = New-VhostSharedRegion mem 64MB
    $null = Start-VhostServer echo0 "$folder/echo.sock" -Mode Echo
    $null = Start-VhostServer source0 "$folder/source.sock" -Mode Source -Rate 100
    $null = Connect-VhostClient vm0 "$folder/echo.sock" mem
    $null = Connect-VhostClient vm1 "$folder/source.sock" mem

    # Traffic comes from a job in this process, which has the same servers and clients.
    $traffic = Start-ThreadJob {
        Import-Module $using:Module
        while ($true) {
            New-VhostPacket -Length 200 | Send-VringPacket vm0 -Count 32
            $null = Receive-VringPacket vm0 -Count 32 -Timeout 5
        }
    }
    Watch-Vring -Interval 0.25 -Duration $Seconds
} finally {
    if ($traffic) { $traffic | Stop-Job -PassThru | Remove-Job }
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
