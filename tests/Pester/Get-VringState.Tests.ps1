BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo -Client @{ QueueSize = 64 }
    New-VhostPacket -Payload 'seen' | Send-VringPacket vm0
    $null = Receive-VringPacket vm0 -Count 1 -Timeout 5
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Get-VringState' {
    It 'writes one row per ring of every server and client' {
        $rings = Get-VringState
        $rings.Owner | Should -Be 'sw0', 'sw0', 'vm0', 'vm0'
        $rings.Role | Should -Be 'BackEnd', 'BackEnd', 'FrontEnd', 'FrontEnd'
        $rings.Size | Should -Be 64, 64, 64, 64
        $rings.Layout | Select-Object -Unique | Should -Be 'Split'
        $rings.HeaderLength | Select-Object -Unique | Should -Be 12
        $rings.Started | Should -Not -Contain $false
        $rings.Enabled | Should -Not -Contain $false
    }

    It 'takes <what>' -ForEach @(
        @{ What = 'server objects'; Owner = 'sw0'; Get = { Get-VhostServer | Get-VringState -Queue 1 } }
        @{ What = 'client objects'; Owner = 'vm0'; Get = { Get-VhostClient | Get-VringState -Queue 1 } }
        @{ What = 'names from the pipeline'; Owner = 'sw0'; Get = { 'sw0' | Get-VringState -Queue 1 } }
        @{ What = 'a pattern'; Owner = 'sw0'; Get = { Get-VringState -Server s* -Queue 1 } }
        @{ What = 'a client by name'; Owner = 'vm0'; Get = { Get-VringState -Client vm0 -Queue 1 } }
    ) {
        $ring = & $get
        $ring.Owner | Should -Be $owner
        $ring.Queue | Should -Be 1
        $ring.UsedIndex | Should -Be 1
    }

    It 'counts in flight, free, and notifications on both sides' {
        $receive, $transmit = Get-VringState -Client vm0
        $receive.InFlight | Should -Be 64
        $receive.Free | Should -Be 0
        $transmit.InFlight | Should -Be 0
        # The one that is back is noticed when the next packet is sent.
        $transmit.Free | Should -BeGreaterOrEqual 63
        $transmit.Kicks + $transmit.KicksSuppressed | Should -BeGreaterThan 0
        (Get-VringState -Server sw0 -Queue 0).Calls + (Get-VringState -Server sw0 -Queue 0).CallsSuppressed | Should -BeGreaterThan 0
    }

    It 'reads descriptors and shows them below the ring' {
        $ring = Get-VringState -Client vm0 -Queue 1 -Descriptor
        $ring.Descriptors | Should -HaveCount 64
        $ring.Descriptors[0].Length | Should -Be (12 + 46)
        $ring.Descriptors[0].Preview | Should -BeLike '000000000000000000000000020000*'
        $text = $ring | Out-String -Width 120
        $text | Should -Match 'vm0 ring 1 \(TX, FrontEnd\)'
        $text | Should -Match '63 of 64 descriptors were never written'
        (Get-VringState -Client vm0 -Queue 1).Descriptors | Should -BeNullOrEmpty
    }

    It 'answers <id> to <given>' -ForEach @(
        @{ Id = 'HandleNotFound'; Given = '-Server nobody' }
        @{ Id = 'HandleNotFound'; Given = '-InputObject nobody' }
        @{ Id = 'RingIndexInvalid'; Given = '-Server sw0 -Queue 2' }
        @{ Id = 'RingIndexInvalid'; Given = '-Client vm0 -Queue 2' }
    ) {
        { & ([scriptblock]::Create("Get-VringState $given -ErrorAction Stop")) } | Should -Throw -ErrorId "$id,VhostUser.Commands.GetVringStateCommand"
    }

    It 'shows places and wrap counters of packed rings' {
        Disconnect-VhostClient vm0
        $null = Wait-VhostServer sw0 -State Listening -Timeout 5
        $null = Connect-VhostClient vm0 "$TestDrive/lab.sock" lab -QueueSize 100 -Feature RingPacked
        1..3 | ForEach-Object { New-VhostPacket -Payload "packed $_" | Send-VringPacket vm0; (Receive-VringPacket vm0 -Count 1 -Timeout 5).Length | Should -BeGreaterThan 0 }
        $ring = Get-VringState -Server sw0 -Queue 1 -Descriptor
        $ring.Layout | Should -Be 'Packed'
        $ring.UsedOffset | Should -Be 3
        $ring.UsedWrap | Should -BeTrue
        $ring.Descriptors | Should -HaveCount 100
        $shown = $ring | Out-String
        $shown | Should -Match '(?m)^    0 +- +0 Avail, Used +Free'
        $shown | Should -Match '97 of 100 descriptors were never written'
        $text = Get-VringState -Client vm0 -Queue 1 | Format-List | Out-String
        $text | Should -Match 'Places\s+: available 3 \(wrap 1\)'
        $text | Should -Match 'Event suppression\s+: driver '
        Get-VringState -Client vm0 -Queue 1 | Format-Table | Out-String | Should -Match 'Packed'
    }

    It 'says why a server without a front-end has no traffic' {
        Disconnect-VhostClient vm0
        $null = Wait-VhostServer sw0 -State Listening -Timeout 5
        (Get-VringState -Server sw0).Verdict | Select-Object -Unique | Should -BeLike 'stopped: no front-end is connected; the server listens on *lab.sock'
    }
}
