<#
.SYNOPSIS
What a link costs while nothing crosses it: memory and threads of the two processes with 1, 8 and 64 links between them, over tcp.
.DESCRIPTION
Each process has one bridge; its links are ports of it, as those of a host with many peers are. Writes one row per number of links: what the
connecting process uses more than before its first link.
.EXAMPLE
./bench/LinkFootprint.ps1
#>
[CmdletBinding()]
param(
    [int[]] $Links = (1, 8, 64),
    [string] $Module = "$PSScriptRoot/../out/VhostUser",
    [int] $Port = 19200
)
$ErrorActionPreference = 'Stop'
Import-Module $Module
$most = ($Links | Measure-Object -Maximum).Maximum

# The listening end is a process of its own, which ends with its standard input.
$start = [Diagnostics.ProcessStartInfo]::new("$PSHOME/pwsh")
'-NoProfile', '-Command', "Import-Module '$Module'; `$null = New-VhostBridge far; foreach (`$i in 1..$most) { `$null = New-IbTransport `"far`$i`" -Bridge far -Listen 127.0.0.1 -Port ($Port + `$i) }; 'ready'; `$null = [Console]::In.ReadLine()" |
    ForEach-Object { $start.ArgumentList.Add($_) }
$start.RedirectStandardInput = $start.RedirectStandardOutput = $true
$other = [Diagnostics.Process]::Start($start)
try {
    if ($other.StandardOutput.ReadLine() -ne 'ready') { throw 'The listening process did not start.' }
    function Get-Footprint {
        [GC]::Collect(); [GC]::WaitForPendingFinalizers(); [GC]::Collect()
        $status = Get-Content /proc/$PID/status -Raw
        [pscustomobject]@{
            Resident = 1KB * [long] ($status -replace '(?s).*VmRSS:\s+(\d+).*', '$1')
            Threads  = [int] ($status -replace '(?s).*Threads:\s+(\d+).*', '$1')
            Files    = (Get-ChildItem /proc/$PID/fd).Count
        }
    }
    $null = New-VhostBridge near
    $before = $null
    foreach ($count in $Links) {
        # The first link loads libfabric, and code is compiled: that is no cost of a link.
        if (-not $before) {
            $null = New-IbTransport near1 -Bridge near -Connect 127.0.0.1 -Port ($Port + 1)
            while ((Get-IbTransport near1).State -ne 'Up') { Start-Sleep -Milliseconds 100 }
            Remove-IbTransport near1
            $before = Get-Footprint
        }
        foreach ($i in 1..$count) {
            if (Get-IbTransport "near$i" -ErrorAction Ignore) { continue }
            $null = New-IbTransport "near$i" -Bridge near -Connect 127.0.0.1 -Port ($Port + $i)
        }
        $patience = [Diagnostics.Stopwatch]::StartNew()
        while (Get-IbTransport | Where-Object State -ne Up) {
            if ($patience.Elapsed.TotalSeconds -gt 120) { throw "Not all of $count links came up." }
            Start-Sleep -Milliseconds 200
        }
        $now = Get-Footprint
        [pscustomobject]@{
            Links            = $count
            ResidentPerLink  = [long] (($now.Resident - $before.Resident) / $count)
            ThreadsPerLink   = ($now.Threads - $before.Threads) / $count
            FilesPerLink     = ($now.Files - $before.Files) / $count
            Threads          = $now.Threads
            ResidentMegabytes = [math]::Round($now.Resident / 1MB, 1)
        }
    }
} finally {
    Get-IbTransport | Remove-IbTransport
    Get-VhostBridge | Remove-VhostBridge
    $other.StandardInput.Close()
    $null = $other.WaitForExit(20000)
}
