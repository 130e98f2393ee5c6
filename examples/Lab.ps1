<#
.SYNOPSIS
A lab file: the plan, bringing it up, running it again, changing it, and taking it down.
.EXAMPLE
./examples/Lab.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

function Show([string] $Why, [object[]] $Steps) {
    "`n# $Why"
    $Steps | ForEach-Object { '   {0,-6} {1,-6} {2,-5} {3}' -f $_.Action, $_.Kind, $_.Name, $_.Detail }
}

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
try {
    # A copy, since it will be changed. Sockets of the lab are made beside its file.
    $file = Copy-Item "$PSScriptRoot/lab.psd1" $folder -PassThru
    if (-not (Test-VhostLab $file)) { throw 'The lab file has mistakes.' }

    '# What would be done'
    Start-VhostLab $file -WhatIf
    Show 'It is done' (Start-VhostLab $file)
    Show 'Run again: nothing is left to do' (Start-VhostLab $file)

    New-VhostPacket -Udp -DestinationMac ff:ff:ff:ff:ff:ff -Payload 'through the switch' | Send-VringPacket vm0
    "`nvm1 received: $((Receive-VringPacket vm1 -Count 1 -Timeout 10).PayloadText)"

    (Get-Content $file) -replace "'sw0', 'sw1'", "'sw0', 'sw1', 'echo'" -replace '512', '1024' | Set-Content $file
    $steps = @(Start-VhostLab $file | Where-Object Action -ne Keep)
    Show 'The file has a third port and a longer ring now: only that is done' $steps
    if ("$($steps.Action)" -ne 'Remove Change Make') { throw "Expected Remove, Change and Make, got '$($steps.Action)'." }

    Stop-VhostServer sw1
    Show 'A server was stopped by hand: it is made again, with the client that lost it' (Start-VhostLab $file | Where-Object Action -ne Keep)

    "`n# What there is"
    Get-VhostLab switch -Item | ForEach-Object { '   {0,-6} {1,-5} {2}' -f $_.Kind, $_.Name, $_.State }
} finally {
    Get-VhostLab | Stop-VhostLab
    Remove-Item -Recurse $folder
}
"`nleft behind: $(@(Get-VhostServer).Count) servers, $(@(Get-VhostSharedRegion).Count) regions"
