BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
}
AfterAll { Pop-Location }

Describe 'New-VhostSharedRegion' {
    AfterEach { Get-VhostSharedRegion | Remove-VhostSharedRegion -Force }

    It 'makes a sealed memfd with three different addresses' {
        $region = New-VhostSharedRegion -Name lab -Size 64MB
        $region.Name, $region.Size, $region.Backing, $region.Safety | Should -Be 'lab', 64MB, 'Memfd', 'Sealed'
        $region.GuestAddress, $region.UserAddress, $region.MappingAddress | Select-Object -Unique | Should -HaveCount 3
    }

    It 'takes the size <Text> for <Bytes> bytes' -ForEach @(
        @{ Text = '2MB'; Bytes = 2MB }, @{ Text = '1.5 MiB'; Bytes = 1.5MB }, @{ Text = '8192'; Bytes = 8192 }
    ) { (New-VhostSharedRegion lab $Text).Size | Should -Be $Bytes }

    It 'refuses the size <_> at binding' -ForEach '64XB', '-1', '' {
        { New-VhostSharedRegion lab $_ } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,VhostUser.Commands.NewVhostSharedRegionCommand'
    }

    It 'makes a named POSIX object' {
        New-VhostSharedRegion lab 1MB -Backing Shm -Path vhost-pester | Out-Null
        '/dev/shm/vhost-pester' | Should -Exist
        Remove-VhostSharedRegion lab
        '/dev/shm/vhost-pester' | Should -Not -Exist
    }

    It 'makes a file relative to the location' {
        (New-VhostSharedRegion lab 1MB -Backing File -Path ./region.bin).Path | Should -Be "$TestDrive/region.bin"
        (Get-Item ./region.bin).Length | Should -Be 1MB
    }

    It 'takes addresses' {
        $region = New-VhostSharedRegion lab 1MB -GuestAddress 0x40000000 -UserAddress 0x700000000000
        $region.GuestAddress, $region.UserAddress | Should -Be 0x40000000, 0x700000000000
    }

    It 'makes one per record of the pipeline' {
        'a,1MB', 'b,2MB' | ConvertFrom-Csv -Header Name, Size | New-VhostSharedRegion | ForEach-Object Size | Should -Be 1MB, 2MB
    }

    It 'does nothing with -WhatIf' {
        New-VhostSharedRegion lab 1MB -WhatIf | Should -BeNullOrEmpty
        Get-VhostSharedRegion | Should -BeNullOrEmpty
    }

    It 'reports <Id> for <Case>' -ForEach @(
        @{ Case = 'a name that is taken'; Id = 'NameInUse'; Category = 'ResourceExists'; Try = { New-VhostSharedRegion lab 1MB; New-VhostSharedRegion LAB 1MB } }
        @{ Case = 'a wildcard as name'; Id = 'InvalidArgument'; Category = 'InvalidArgument'; Try = { New-VhostSharedRegion 'a*' 1MB } }
        @{ Case = 'a file without path'; Id = 'InvalidArgument'; Category = 'InvalidArgument'; Try = { New-VhostSharedRegion lab 1MB -Backing File } }
        @{ Case = 'huge pages of a size that does not exist'; Id = 'InvalidArgument'; Category = 'InvalidArgument'; Try = { New-VhostSharedRegion lab 1MB -HugePage 3MB } }
    ) {
        & $Try -ErrorAction SilentlyContinue 2>&1 | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | ForEach-Object {
            $_.FullyQualifiedErrorId | Should -Be "$Id,VhostUser.Commands.NewVhostSharedRegionCommand"
            $_.CategoryInfo.Category | Should -Be $Category
            $_.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
            'seen'
        } | Should -Be 'seen'
    }
}

Describe 'Get- and Remove-VhostSharedRegion' {
    AfterEach { Get-VhostSharedRegion | Remove-VhostSharedRegion -Force }

    BeforeEach { 'vm0', 'vm1', 'other' | ForEach-Object { New-VhostSharedRegion $_ 1MB } | Out-Null }

    It 'finds by <Case>' -ForEach @(
        @{ Case = 'nothing: all, sorted'; Get = { Get-VhostSharedRegion }; Names = 'other', 'vm0', 'vm1' }
        @{ Case = 'name'; Get = { Get-VhostSharedRegion VM0 }; Names = 'vm0' }
        @{ Case = 'pattern'; Get = { Get-VhostSharedRegion vm* }; Names = 'vm0', 'vm1' }
        @{ Case = 'names from the pipeline'; Get = { 'vm1', 'other' | Get-VhostSharedRegion }; Names = 'vm1', 'other' }
        @{ Case = 'photograph'; Get = { Get-VhostSharedRegion vm0 | Get-VhostSharedRegion }; Names = 'vm0' }
    ) { (& $Get).Name | Should -Be $Names }

    It 'a pattern that fits nothing is no error, a name is' {
        Get-VhostSharedRegion x* -ErrorAction Stop | Should -BeNullOrEmpty
        { Get-VhostSharedRegion x -ErrorAction Stop } | Should -Throw -ErrorId 'HandleNotFound,VhostUser.Commands.GetVhostSharedRegionCommand'
    }

    It 'goes on after a name that is wrong' {
        Remove-VhostSharedRegion vm0, nope, vm1 -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Should -Be 'HandleNotFound,VhostUser.Commands.RemoveVhostSharedRegionCommand'
        (Get-VhostSharedRegion).Name | Should -Be 'other'
    }

    It 'removes what Get-VhostSharedRegion wrote, and passes the last photograph on' {
        (Get-VhostSharedRegion vm* | Remove-VhostSharedRegion -PassThru).Name | Should -Be 'vm0', 'vm1'
    }

    It 'removes nothing with -WhatIf' {
        Remove-VhostSharedRegion * -WhatIf
        Get-VhostSharedRegion | Should -HaveCount 3
    }

    It 'refuses a copy that came from another process' {
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((Get-VhostSharedRegion vm0)))
        $copy | Remove-VhostSharedRegion -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Should -Be 'HandleFromAnotherProcess,VhostUser.Commands.RemoveVhostSharedRegionCommand'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*Invoke-Command*'
        (Get-VhostSharedRegion vm0).Name | Should -Be 'vm0'
    }

    It 'completes live names' {
        $line = 'Remove-VhostSharedRegion v'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'vm0', 'vm1'
    }
}
