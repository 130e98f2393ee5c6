<#
.SYNOPSIS
One HTML page about a link under load: rings, throughput, waits, features, and the handshake message by message.
.EXAMPLE
./examples/Report.ps1 -Path ./report.html
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser",

    # Where the page is written; without it, to a folder that is removed at the end.
    [string] $Path
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
$traffic = $null
try {
    $null = New-VhostSharedRegion mem 64MB
    $null = Start-VhostServer sw0 "$folder/sw0.sock" -Mode Echo
    $null = Connect-VhostClient vm0 "$folder/sw0.sock" mem

    'The handshake took {0:0.0} ms. The slowest replies:' -f (Get-VhostClient vm0 -Message)[-1].SinceStart.TotalMilliseconds
    Get-VhostClient vm0 -Message | Sort-Object ReplyTime -Descending -Top 3 | ForEach-Object { '   {0,-22} {1:0.00} ms' -f $_.Request, $_.ReplyTime.TotalMilliseconds }

    $traffic = Start-ThreadJob {
        Import-Module $using:Module
        while ($true) {
            New-VhostPacket -Length 200 | Send-VringPacket vm0 -Count 32
            $null = Receive-VringPacket vm0 -Count 32 -Timeout 5
        }
    }
    $page = Export-VringReport vm0, sw0 ($Path ? $Path : "$folder/report.html") -Duration 2 -Title 'An echo under load' -PassThru
    "`n$($page.FullName): $($page.Length) bytes, one file, no script"
    $text = Get-Content $page -Raw
    foreach ($expected in '<h2>vm0</h2>', '<h2>sw0</h2>', 'SET_VRING_ADDR', 'Packets per second') {
        if (-not $text.Contains($expected)) { throw "The page has no '$expected'." }
    }
} finally {
    if ($traffic) { $traffic | Stop-Job -PassThru | Remove-Job }
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
