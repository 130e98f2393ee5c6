@{
    RootModule           = 'VhostUser.PowerShell.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '0c1f6a5e-8d0b-4f5e-9a55-6f0b7a1d2c34'
    Author               = 'The VhostUser developers'
    CompanyName          = 'VhostUser'
    Copyright            = '(c) The VhostUser developers. MIT licence.'
    Description          = @'
vhost-user for Linux at the prompt: shared memory, back-ends, front-ends, virtio rings and packets. Makes both ends of a link, shows every
index and descriptor of a ring, and says in words why nothing moves. Talks to QEMU, DPDK and libvhost-user. Needs no root and no hugepages.
'@
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
        'Get-IbTransport'
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
        'New-IbKey'
        'New-IbTransport'
        'New-VhostBridge'
        'New-VhostPacket'
        'New-VhostSharedRegion'
        'Receive-VringPacket'
        'Remove-IbTransport'
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
        'Test-IbTransport'
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
            Tags                     = @('PSEdition_Core', 'Linux', 'vhost-user', 'virtio', 'virtqueue', 'DPDK', 'QEMU', 'networking', 'packet', 'RDMA', 'InfiniBand', 'libfabric')
            # Below ProjectUrl of Directory.Build.props: a reserved name until the project has a home.
            ProjectUri               = 'https://vhostuser.example'
            LicenseUri               = 'https://vhostuser.example/LICENSE'
            ReleaseNotes             = 'What is new: https://vhostuser.example/CHANGELOG.md, or CHANGELOG.md in the folder of the module.'
            RequireLicenseAcceptance = $false
        }
    }
}
