# The package for the Gallery, made as './build.sh package' makes it, and installed from a repository that is a folder.
BeforeAll {
    $folder = New-Item -ItemType Directory "$TestDrive/repository"
    $repository = "VhostUserTest$PID"
    Register-PSResourceRepository -Name $repository -Uri $folder -Trusted
    Publish-PSResource -Path (Resolve-Path "$PSScriptRoot/../../out/VhostUser") -Repository $repository
}
AfterAll { Unregister-PSResourceRepository -Name $repository }

Describe 'The package' {
    It 'has what the Gallery shows' {
        $found = Find-PSResource VhostUser -Repository $repository
        $found.Version | Should -Be (Import-PowerShellDataFile "$PSScriptRoot/../../VhostUser.psd1").ModuleVersion
        $found.Tags | Should -Contain 'PSEdition_Core'
        $found.Description, $found.ProjectUri, $found.LicenseUri, $found.ReleaseNotes, $found.Author, $found.Copyright | Should -Not -BeNullOrEmpty
    }

    It 'is installed, imported, and helps' {
        $null = New-Item -ItemType Directory "$TestDrive/installed"
        Save-PSResource VhostUser -Repository $repository -Path "$TestDrive/installed"
        $answer = & pwsh -NoProfile -NonInteractive -Command @"
            `$env:PSModulePath = '$TestDrive/installed'
            Import-Module VhostUser
            `$null = New-VhostSharedRegion lab 16MB
            `$null = Start-VhostServer sw0 '$TestDrive/p.sock' -Mode Echo
            `$null = Connect-VhostClient vm0 '$TestDrive/p.sock' lab
            New-VhostPacket -Payload packed | Send-VringPacket vm0
            (Receive-VringPacket vm0 -Count 1 -Timeout 30).Summary
            (Get-Help Start-VhostServer).Synopsis
            (Get-Help about_VhostUser).Length -gt 1000
            (Get-Module VhostUser).ModuleBase
"@
        $answer | Should -Be 'IPv4 10.0.0.1:1000 > 10.0.0.2:2000 UDP 6 bytes', 'Starts a back-end in the background.', 'True', "$TestDrive/installed/VhostUser/$((Import-PowerShellDataFile "$PSScriptRoot/../../VhostUser.psd1").ModuleVersion)"
    }

    It 'holds the module and nothing else' {
        $null = New-Item -ItemType Directory "$TestDrive/listed"
        Save-PSResource VhostUser -Repository $repository -Path "$TestDrive/listed"
        (Get-ChildItem "$TestDrive/listed/VhostUser/*" -Recurse -File).Name | Where-Object { $_ -notmatch '^(VhostUser\.(Core|PowerShell)\.(dll|pdb|xml)|VhostUser\.(psd1|Pester\.psm1|Format\.ps1xml|Types\.ps1xml)|VhostUser\.PowerShell\.dll-Help\.xml|about_VhostUser\w*\.help\.txt|LICENSE|CHANGELOG\.md|PSGetModuleInfo\.xml)$' } |
            Should -BeNullOrEmpty
    }
}
