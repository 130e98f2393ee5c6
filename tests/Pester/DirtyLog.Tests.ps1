BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo

    function Send-Echo {
        New-VhostPacket -Payload hello | Send-VringPacket vm0
        $null = Receive-VringPacket vm0 -Count 1 -Timeout 5
    }

    function Wait-Quiet {
        $deadline = [DateTime]::UtcNow.AddSeconds(10)
        while (Get-VhostDirtyLog vm0) {
            if ([DateTime]::UtcNow -gt $deadline) { throw 'The back-end goes on writing.' }
            $null = Get-VringState vm0
        }
    }
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Start-, Get- and Stop-VhostDirtyLog' {
    BeforeEach {
        Start-VhostDirtyLog vm0
    }

    AfterEach {
        Stop-VhostDirtyLog vm0 -ErrorAction Ignore
    }

    It 'tells which pages of the region the back-end wrote' {
        Send-Echo
        $pages = Get-VhostDirtyLog vm0
        $pages.Region | Select-Object -Unique | Should -Be 'lab'
        $region = Get-VhostSharedRegion lab
        $pages | ForEach-Object {
            $_.GuestAddress % 4096 | Should -Be 0
            $_.GuestAddress | Should -BeGreaterOrEqual $region.GuestAddress
            $_.GuestAddress + 4096 * $_.Pages | Should -BeLessOrEqual ($region.GuestAddress + $region.Size)
        }
    }

    It 'tells nothing while nothing is written' {
        # A server that goes to sleep writes where it wants to be woken.
        Wait-Quiet
        Get-VhostDirtyLog vm0 | Should -BeNullOrEmpty
    }

    It 'leaves the link running, before, during and after' {
        Send-Echo
        Stop-VhostDirtyLog vm0
        Send-Echo
        (Get-VhostServer sw0).Fault | Should -BeNullOrEmpty
    }

    It 'takes a client from the pipeline and by pattern' {
        Send-Echo
        Get-VhostClient vm0 | Get-VhostDirtyLog | Should -Not -BeNullOrEmpty
        Get-VhostClient vm0 | Stop-VhostDirtyLog
        Start-VhostDirtyLog vm*
        (Get-VhostClient vm0).Features | Should -Contain 'LogAll'
    }

    It 'shows addresses in hexadecimal' {
        Send-Echo
        Get-VhostDirtyLog vm0 | Out-String | Should -Match '(?m)^lab +0x[0-9a-f]+000 +\d+'
    }

    It 'refuses a second log, and a wait without -Notify' {
        Start-VhostDirtyLog vm0 -ErrorAction SilentlyContinue -ErrorVariable second
        "$second" | Should -BeLike "*vm0*has a dirty log already*"
        Get-VhostDirtyLog vm0 -Timeout 1 -ErrorAction SilentlyContinue -ErrorVariable waiting
        "$waiting" | Should -BeLike '*does not notify*'
    }
}

Describe 'A dirty log that notifies' {
    AfterEach {
        Stop-VhostDirtyLog vm0
    }

    It 'waits for the next write, and no longer than it is told' {
        # The loop ends only when a wait has ended without a write.
        Start-VhostDirtyLog vm0 -Notify
        while (Get-VhostDirtyLog vm0 -Timeout 200ms) { }
        New-VhostPacket | Send-VringPacket vm0
        Get-VhostDirtyLog vm0 -Timeout 10 | Should -Not -BeNullOrEmpty
    }
}

Describe 'No dirty log' {
    It 'is an error of <_>' -ForEach 'Get-VhostDirtyLog', 'Stop-VhostDirtyLog' {
        & $_ vm0 -ErrorAction SilentlyContinue -ErrorVariable problem
        "$problem" | Should -BeLike "*vm0*has no dirty log*"
    }

    It 'is made with -WhatIf' {
        Start-VhostDirtyLog vm0 -WhatIf
        (Get-VhostClient vm0).Features | Should -Not -Contain 'LogAll'
    }

    It 'can be had from a back-end without LogAll' {
        $null = Start-VhostServer nolog "$TestDrive/nolog.sock" -ExcludeFeature LogAll
        $null = Connect-VhostClient vm1 "$TestDrive/nolog.sock" lab
        { Start-VhostDirtyLog vm1 -ErrorAction Stop } | Should -Throw -ErrorId 'FeatureMissing,VhostUser.Commands.StartVhostDirtyLogCommand'
        Disconnect-VhostClient vm1
        Stop-VhostServer nolog
    }
}
