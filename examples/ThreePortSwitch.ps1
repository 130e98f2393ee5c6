<#
.SYNOPSIS
A switch of three ports: it floods what it does not know, learns who is where, keeps a VLAN apart, and loses a port while it runs.
.EXAMPLE
./examples/ThreePortSwitch.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

# Sends a packet from one station to another (or to everybody), and says at which of the three it arrived.
function Send-Frame([int] $From, [string] $To, [string] $Text) {
    $target = if ($To -eq 'all') { 'ff:ff:ff:ff:ff:ff' } else { "02:00:00:00:00:0$To" }
    New-VhostPacket -Udp -SourceMac "02:00:00:00:00:0$From" -DestinationMac $target -Payload $Text | Send-VringPacket "vm$From"
    $arrived = foreach ($i in 1..3 | Where-Object { $_ -ne $From }) {
        if (Receive-VringPacket "vm$i" -Count 1 -Timeout 0.5 -ErrorAction Ignore | Where-Object PayloadText -eq $Text) { "vm$i" }
    }
    "   vm$From -> $($To): '$Text' arrived at $(if ($arrived) { $arrived -join ' and ' } else { 'nobody' })"
}

function Assert-Output([string] $Line, [string] $End) {
    $Line
    if (-not $Line.EndsWith($End)) { throw "Expected a line that ends in '$End'." }
}

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
try {
    # Each port is a server with a socket of its own; here clients of this process connect, and QEMU guests would do as well.
    $null = New-VhostSharedRegion mem 64MB
    foreach ($i in 1..3) {
        $null = Start-VhostServer "sw$i" "$folder/sw$i.sock"
        $null = Connect-VhostClient "vm$i" "$folder/sw$i.sock" mem
    }
    $null = New-VhostBridge br0 -Port sw1, sw2, sw3

    'Nobody is known yet, so a packet for station 2 goes to all ports:'
    Assert-Output (Send-Frame 1 2 'hello') 'vm2 and vm3'
    'Station 1 was heard, so the answer goes to its port only:'
    Assert-Output (Send-Frame 2 1 'hello yourself') 'arrived at vm1'
    'The table of stations:'
    Get-VhostBridge br0 -Station | ForEach-Object { "   $($_.MacAddress) is at $($_.Port)" }

    "`nPort sw3 becomes a member of VLAN 30, and hears nothing of the others any more:"
    Remove-VhostBridgePort br0 sw3
    Add-VhostBridgePort br0 sw3 -AccessVlan 30
    Assert-Output (Send-Frame 1 all 'to everybody') 'arrived at vm2'

    "`nPort sw2 is taken out while the switch runs; its guest keeps its session:"
    Remove-VhostBridgePort br0 sw2
    Assert-Output (Send-Frame 1 2 'are you there?') 'nobody'
    "   sw2 is $((Get-VhostServer sw2).State), sessions so far: $((Get-VhostServer sw2).Sessions)"
    Get-VhostBridge br0 -Port | ForEach-Object { "   port $($_.Name): $($_.PacketsIn) in, $($_.PacketsOut) out, $($_.Flooded) flooded" }
} finally {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostBridge | Remove-VhostBridge
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Remove-Item -Recurse $folder
}
