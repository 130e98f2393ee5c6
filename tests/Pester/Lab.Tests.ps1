BeforeAll {
    Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
    Copy-Item "$PSScriptRoot/../../examples/lab.psd1" $TestDrive
    $file = "$TestDrive/lab.psd1"
}
AfterAll {
    Remove-Module VhostUser
}

Describe 'A lab file' {
    AfterEach { Get-VhostLab | Stop-VhostLab }

    It 'is brought up once, kept when run again, and taken down with nothing left' {
        (Start-VhostLab $file).Action | Select-Object -Unique | Should -Be Make
        (Get-VhostClient).State | Select-Object -Unique | Should -Be Running
        (Start-VhostLab $file).Action | Select-Object -Unique | Should -Be Keep
        (Get-VhostLab).Path | Should -Be $file
        Stop-VhostLab $file
        Get-VhostLab | Should -BeNullOrEmpty
        Get-VhostServer | Should -BeNullOrEmpty
        Get-VhostSharedRegion | Should -BeNullOrEmpty
        Get-ChildItem $TestDrive -Filter *.sock | Should -BeNullOrEmpty
    }

    It 'shows its plan with -WhatIf, line by line, and makes nothing' {
        $lines = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/VhostUser'; Start-VhostLab '$file' -WhatIf; @(Get-VhostServer).Count"
        ($lines -match '^What if: ').Count | Should -Be 8
        $lines -match 'Make: Mode Echo, Path ./echo.sock.* on target .server echo' | Should -Not -BeNullOrEmpty
        $lines[-1] | Should -Be 0
    }

    It 'changes only what its file changed' {
        $null = Start-VhostLab $file
        (Get-Content $file) -replace "'sw0', 'sw1'", "'sw1', 'echo'" | Set-Content "$TestDrive/changed.psd1"
        $steps = Start-VhostLab "$TestDrive/changed.psd1" | Where-Object Action -ne Keep
        "$($steps.Action) $($steps.Name): $($steps.Detail)" | Should -Be 'Change br0: add port echo; remove port sw0'
        (Get-VhostServer sw0).Bridge | Should -BeNullOrEmpty
        (Get-VhostServer echo).Bridge | Should -Be br0
        (Get-VhostServer sw0).Sessions | Should -Be 1
    }

    It 'says what is wrong with file, line and key' {
        Set-Content "$TestDrive/bad.psd1" "@{`n    Servers = @{`n        sw0 = @{ Path = 'a'; Mode = 'Ecco' }`n    }`n    Links = @{ }`n}"
        $good = Test-VhostLab "$TestDrive/bad.psd1" -ErrorAction SilentlyContinue -ErrorVariable problems
        $good | Should -BeFalse
        $problems.Exception.Message | Should -Be @(
            "bad.psd1:3: Servers.sw0.Mode: expected one of Sink, Echo, Source, Tap; 'Ecco' came."
            'bad.psd1:5: Links: links between hosts are not made from a lab file yet; make them with New-IbTransport, and leave the section out.')
        $problems[0].FullyQualifiedErrorId | Should -Be 'LabInvalid,VhostUser.Commands.TestVhostLabCommand'
        Test-VhostLab $file | Should -BeTrue
    }

    It 'is no program: what would have to be run is refused' {
        Set-Content "$TestDrive/code.psd1" "@{ Name = `$(New-Item '$TestDrive/ran') }"
        Test-VhostLab "$TestDrive/code.psd1" -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeFalse
        $problem[0].Exception.Message | Should -BeLike 'code.psd1: a lab file holds text, numbers*'
        "$TestDrive/ran" | Should -Not -Exist
        Set-Content "$TestDrive/broken.psd1" "@{`n    Name = 'x'`n    Servers = @{`n"
        Test-VhostLab "$TestDrive/broken.psd1" -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeFalse
        $problem[0].Exception.Message | Should -Match '^broken.psd1:\d+: '
        Test-VhostLab "$TestDrive/none.psd1" -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeFalse
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HandleNotFound,*'
    }

    It 'travels to another process as a table, and its steps come back as records' {
        # As Invoke-Command does over SSH: the table and the steps are serialised.
        $lab = @{
            Hosts   = @{ left = @{ HostName = 'node1' }; right = @{} }
            Servers = @{ sw0 = @{ Host = 'left'; Path = "$TestDrive/far0.sock" }; sw1 = @{ Host = 'right'; Path = "$TestDrive/far1.sock"; Mode = 'Echo'; QueuePairs = 2 } }
        }
        $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
        $steps = Start-Job { Import-Module $using:module; Start-VhostLab -Definition $using:lab -HostName right } | Receive-Job -Wait -AutoRemoveJob
        "$($steps.Action) $($steps.Kind) $($steps.Name): $($steps.Detail)" | Should -Be "Make Server sw1: Mode Echo, Path $TestDrive/far1.sock, QueuePairs 2"
        $steps.PSTypeNames[0] | Should -Be 'Deserialized.VhostUser.Labs.LabStep'
    }

    It 'is shown in tables of at most 100 columns' {
        $steps = Start-VhostLab $file
        foreach ($view in $steps, (Get-VhostLab), (Get-VhostLab -Item)) {
            ($view | Out-String -Stream -Width 100 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
            $view | Format-List | Out-String | Should -Not -BeNullOrEmpty
        }
    }

    It 'completes its name' {
        $null = Start-VhostLab $file
        (TabExpansion2 'Stop-VhostLab sw').CompletionMatches.CompletionText | Should -Be switch
    }
}
