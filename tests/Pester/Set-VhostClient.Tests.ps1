BeforeAll {
    Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
    $null = New-VhostSharedRegion -Name lab -Size 32MB
    $null = Start-VhostServer -Name sw0 -Path "$TestDrive/lab.sock" -Mode Echo -ControlQueue
    $null = Connect-VhostClient -Name vm0 -Path "$TestDrive/lab.sock" -Region lab -Feature CtrlVq, CtrlRx, CtrlVlan, CtrlMacAddr, CtrlGuestOffloads, HostTso4, GuestTso4

    function Send-Large { New-VhostPacket -Tcp -Payload ([byte[]]::new(5000)) | Send-VringPacket vm0 -SegmentSize 1448 }
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Set-VhostClient' {
    It 'says which packets are received' {
        Set-VhostClient vm0 -MacAddress 02:00:00:00:00:01 -Promiscuous:$false
        '02:00:00:00:00:02', '02:00:00:00:00:01' | ForEach-Object { New-VhostPacket -DestinationMac $_ } | Send-VringPacket vm0
        "$((Receive-VringPacket vm0 -Count 1 -Timeout 5).DestinationMac)" | Should -Be '02:00:00:00:00:01'
        (Get-VhostServer sw0).Drops['NotWanted'] | Should -Be 1
        Set-VhostClient vm0 -Promiscuous
    }

    It 'switches guest offloads while packets flow' {
        Send-Large
        (Receive-VringPacket vm0 -Count 1 -Timeout 5).NetHeader.GsoType | Should -Be 'TCPv4'
        Set-VhostClient vm0 -GuestOffload GuestCsum
        Send-Large
        (Receive-VringPacket vm0 -Count 4 -Timeout 5).ForEach('Length') | Should -Be 1502, 1502, 1502, 710
    }

    It 'reports a command that the device refuses' {
        Set-VhostClient vm0 -QueuePairs 2 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'RequestRefused*'
    }

    It 'does nothing with -WhatIf' {
        Set-VhostClient vm0 -QueuePairs 2 -WhatIf
    }
}
