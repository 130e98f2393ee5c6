# The whole story of the README, as a user types it.
BeforeAll {
    Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
    Push-Location (New-Item -ItemType Directory "$TestDrive/story")
}

AfterAll {
    Pop-Location
    Remove-Module VhostUser
}

Describe 'The story' {
    It 'sends a packet across a real vhost-user link and gets it back' {
        New-VhostSharedRegion -Name lab -Size 64MB
        Start-VhostServer -Name sw0 -Path ./lab.sock -Mode Echo
        Connect-VhostClient -Name vm0 -Path ./lab.sock -Region lab -QueueSize 256

        New-VhostPacket -Udp -Destination 10.0.0.2 -Payload 'hello' | Send-VringPacket -Client vm0
        $received = Receive-VringPacket -Client vm0 -Count 1 -Timeout 5

        $received.PayloadText | Should -BeExactly 'hello'
        $received.Destination | Should -Be '10.0.0.2'
        $received.ChecksumsValid | Should -BeTrue
        $received.NetHeader.Size | Should -Be 12
    }

    It 'shows both ends of the rings' {
        $rings = Get-VringState -Client vm0
        $rings.Queue | Should -Be 0, 1
        $rings.Direction | Should -Be 'RX', 'TX'
        $rings.Verdict | Should -Be 'ok', 'ok'
        $ring = Get-VringState -Server sw0 -Queue 1 -Descriptor
        $ring.UsedIndex | Should -Be 1
        $ring.Descriptors.Count | Should -Be 256
        $ring.Descriptors[0].Length | Should -Be (12 + 47)
        $ring | Out-String | Should -Match '255 of 256 descriptors were never written'
    }

    It 'lists what is alive' {
        (Get-VhostServer).Name | Should -Be 'sw0'
        (Get-VhostClient).Name | Should -Be 'vm0'
        (Get-VhostSharedRegion).Name | Should -Be 'lab'
    }

    It 'leaves nothing behind' {
        Disconnect-VhostClient vm0; Stop-VhostServer sw0; Remove-VhostSharedRegion lab
        Get-VhostServer | Should -BeNullOrEmpty
        Get-VhostClient | Should -BeNullOrEmpty
        Get-VhostSharedRegion | Should -BeNullOrEmpty
        './lab.sock' | Should -Not -Exist
    }
}
