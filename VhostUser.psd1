@{
    RootModule           = 'VhostUser.PowerShell.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '0c1f6a5e-8d0b-4f5e-9a55-6f0b7a1d2c34'
    Author               = 'The VhostUser developers'
    CompanyName          = 'VhostUser'
    Copyright            = 'MIT licence'
    Description          = 'vhost-user for Linux at the prompt: shared memory, back-ends, front-ends, virtqueues and packets.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('VhostUser.Types.ps1xml')
    FormatsToProcess     = @('VhostUser.Format.ps1xml')
    CmdletsToExport      = @(
        'Add-VhostBridgePort'
        'Add-VhostClientRegion'
        'Compare-VhostFeature'
        'Connect-VhostClient'
        'Disconnect-VhostClient'
        'Export-VringReport'
        'Get-IbDevice'
        'Get-IbPort'
        'Get-VhostBridge'
        'Get-VhostClient'
        'Get-VhostDirtyLog'
        'Get-VhostLab'
        'Get-VhostServer'
        'Get-VhostSharedRegion'
        'Get-VringCapture'
        'Get-VringState'
        'Import-VhostPesterAssertion'
        'Measure-VringThroughput'
        'New-VhostBridge'
        'New-VhostPacket'
        'New-VhostSharedRegion'
        'Receive-VringPacket'
        'Remove-VhostBridge'
        'Remove-VhostBridgePort'
        'Remove-VhostClientRegion'
        'Remove-VhostSharedRegion'
        'Request-VhostAnnouncement'
        'Send-VhostRequest'
        'Send-VringPacket'
        'Set-VhostClient'
        'Start-VhostDirtyLog'
        'Start-VhostLab'
        'Start-VhostServer'
        'Start-VringCapture'
        'Stop-VhostDirtyLog'
        'Stop-VhostLab'
        'Stop-VhostServer'
        'Stop-VringCapture'
        'Test-VhostLab'
        'Test-VhostPath'
        'Wait-VhostServer'
        'Watch-Vring'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags = @('PSEdition_Core', 'Linux', 'vhost-user', 'virtio', 'virtqueue', 'DPDK', 'QEMU', 'networking', 'packet')
        }
    }
}
