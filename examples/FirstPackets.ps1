<#
.SYNOPSIS
A region, a server, a client, one packet there and back, and what the rings look like afterwards.
.EXAMPLE
./examples/FirstPackets.ps1
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module

# Shows a command and what it writes. An error ends the script, and pwsh -File with code 1.
function Step([string] $Why, [scriptblock] $Command) {
    "`n# $Why`nPS> $("$Command".Trim() -replace '(?m)^ {8}', '    ')"
    (& $Command | Out-String -Width 130).Trim()
}

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
Push-Location $folder
try {
    Step 'Shared memory: a sealed memfd. No root, no hugepages.' { New-VhostSharedRegion -Name lab -Size 64MB }
    Step 'A back-end that listens and sends every packet back.' { Start-VhostServer -Name sw0 -Path ./lab.sock -Mode Echo }
    Step 'A front-end that connects, shares the region and starts its rings.' { Connect-VhostClient -Name vm0 -Path ./lab.sock -Region lab -QueueSize 256 }
    Step 'One packet goes out on ring 1 …' { New-VhostPacket -Udp -Destination 10.0.0.2 -Payload 'hello' | Send-VringPacket -Client vm0 -PassThru }
    Step '… and comes back on ring 0.' { Receive-VringPacket -Client vm0 -Count 1 -Timeout 2 }
    Step 'The rings, as the front-end sees them.' { Get-VringState -Client vm0 }
    Step 'Ring 1 as the back-end sees it, with the descriptor that carried the packet.' {
        Get-VringState -Server sw0 -Queue 1 -Descriptor | Select-Object -First 2
    }
    Step 'The server, its peer and its counters.' { Get-VhostServer }
    Step 'The client.' { Get-VhostClient }
    Step 'The region: three addresses for the same memory.' { Get-VhostSharedRegion }
    Step 'A second link, to a server that counts: a million packets of 64 bytes.' {
        $null = Start-VhostServer count0 ./count.sock -Mode Sink
        $null = Connect-VhostClient vm1 ./count.sock lab
        $time = Measure-Command { New-VhostPacket -Length 64 | Send-VringPacket vm1 -Count 1000000 }
        while ((Get-VringState -Client vm1 -Queue 1).InFlight) { Start-Sleep -Milliseconds 1 }
        '{0:n0} packets arrived in {1:n0} ms' -f (Get-VhostServer count0).PacketsReceived, $time.TotalMilliseconds
    }
} finally {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
    Pop-Location
    Remove-Item -Recurse $folder
}
