BeforeAll {
    Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
    $null = New-VhostSharedRegion -Name lab -Size 32MB
    $null = New-VhostSharedRegion -Name old -Size 32MB
    $null = Start-VhostServer -Name sw0 -Path "$TestDrive/lab.sock" -Mode Echo -ControlQueue
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Request-VhostAnnouncement' {
    It 'has the guest announce itself' {
        $null = Connect-VhostClient -Name vm0 -Path "$TestDrive/lab.sock" -Region lab -Feature GuestAnnounce -MacAddress 02:00:00:00:00:07 -IPAddress 10.0.0.7
        Request-VhostAnnouncement sw0 | Should -BeNullOrEmpty
        $packets = Receive-VringPacket vm0 -Count 2 -Timeout 5
        "$($packets[0].SourceMac)" | Should -Be '02:00:00:00:00:07'
        $packets[1].Protocol | Should -Be 'Arp'
        Get-VhostServer sw0 | Request-VhostAnnouncement
        Disconnect-VhostClient vm0
    }

    It 'says why a guest can not be asked' {
        $null = Wait-VhostServer sw0 -State Listening -Timeout 5
        { Request-VhostAnnouncement sw0 -ErrorAction Stop } | Should -Throw -ErrorId 'PeerDisconnected*'
        $null = Connect-VhostClient -Name vm1 -Path "$TestDrive/lab.sock" -Region lab -Retry
        { Request-VhostAnnouncement sw0 -ErrorAction Stop } | Should -Throw -ErrorId 'RequestNotNegotiated*'
        Disconnect-VhostClient vm1
    }

    It 'asks nobody with -WhatIf' {
        Request-VhostAnnouncement sw0 -WhatIf
    }

    It 'completes names of servers' {
        (TabExpansion2 'Request-VhostAnnouncement sw').CompletionMatches.CompletionText | Should -Contain 'sw0'
    }
}

Describe 'Connect-VhostClient -PostcopyFrom' {
    It 'fails by name where the back-end does not offer it' {
        { Connect-VhostClient -Name vm2 -Path "$TestDrive/lab.sock" -Region lab -PostcopyFrom old -Retry -ErrorAction Stop } | Should -Throw -ErrorId 'FeatureMissing*'
    }
}

Describe 'Set-VhostClient' {
    It 'says that there is nothing to set' {
        $null = Connect-VhostClient -Name vm3 -Path "$TestDrive/lab.sock" -Region lab -Feature CtrlVq -Retry
        { Set-VhostClient vm3 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
    }
}
