# What the tests of traffic start from: a region, a server named sw0 in the given mode, a client named vm0.
param([string] $Mode = 'Echo', [string] $Folder = $TestDrive, [hashtable] $Client = @{})

Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
$null = New-VhostSharedRegion -Name lab -Size 32MB
$null = Start-VhostServer -Name sw0 -Path "$Folder/lab.sock" -Mode $Mode
$null = Connect-VhostClient -Name vm0 -Path "$Folder/lab.sock" -Region lab @Client
