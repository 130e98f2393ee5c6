# A lab test: two guests' ends on a bridge. Run it with Invoke-Pester, or with examples/PesterLab.ps1, which makes result files too.
param([string] $Module = "$PSScriptRoot/../../out/VhostUser")

BeforeAll {
    Import-Module $Module
    Import-VhostPesterAssertion
    $null = New-VhostSharedRegion lab 64MB
    foreach ($i in 0, 1) {
        $null = Start-VhostServer "sw$i" "$TestDrive/$i.sock"
        $null = Connect-VhostClient "vm$i" "$TestDrive/$i.sock" lab
    }
    $null = New-VhostBridge br0 -Port sw0, sw1
}

AfterAll {
    Get-VhostBridge | Remove-VhostBridge
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'Two guests on a bridge' {
    It 'both are connected and their rings are in order' {
        'sw0' | Should -BeVhostState Running -Within 5
        'sw1' | Should -BeVhostState Running -Within 5
        'vm0', 'vm1' | Should -BeVringState ok
    }

    It 'a packet of one reaches the other' {
        New-VhostPacket -Udp -Payload 'hello' | Send-VringPacket vm0
        (Receive-VringPacket vm1 -Count 1 -Timeout 10).PayloadText | Should -Be 'hello'
        'br0' | Should -HaveForwarded 1 -Because 'the packet came in at one of its ports'
    }

    It 'nothing is lost at a thousand packets per second' {
        Test-VhostPath vm0 vm1 -Rate 1000 -Duration 1 -Timeout 5 | Should -MeetPathLimit -LostPercent 0 -Duplicates 0 -Reordered 0 -P50 1
        'vm1' | Should -HaveForwarded 100
        'br0' | Should -Not -HaveDropped
    }

    It 'a guest that goes is noticed, and comes back' {
        Disconnect-VhostClient vm1
        'sw1' | Should -BeVhostState Listening -Within 10
        $null = Connect-VhostClient vm1 "$TestDrive/1.sock" lab
        'sw1' | Should -BeVhostState Running -Within 10
    }
}
