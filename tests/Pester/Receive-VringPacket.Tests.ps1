BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Receive-VringPacket' {
    It 'writes packets with what came with them' {
        $started = [datetimeoffset]::Now
        New-VhostPacket -Payload 'hello' | Send-VringPacket vm0
        $packet = Receive-VringPacket vm0 -Count 1 -Timeout 5
        $packet | Should -BeOfType VhostUser.Packets.ReceivedPacket
        $packet.Length | Should -Be 47
        $packet.Queue | Should -Be 0
        $packet.Timestamp | Should -BeGreaterThan $started
        $packet.NetHeader.BufferCount | Should -Be 1
        $packet.Layers.Name | Should -Be 'Ethernet', 'IPv4', 'UDP', 'Payload'
    }

    It 'takes the client from the pipeline, and no more packets than asked for' {
        New-VhostPacket -Count 3 | Send-VringPacket vm0
        Get-VhostClient vm0 | Receive-VringPacket -Count 2 -Timeout 5 | Should -HaveCount 2
        'vm0' | Receive-VringPacket -Count 1 -Timeout 5 | Should -HaveCount 1
    }

    It 'takes what comes within the time when no number is given' {
        New-VhostPacket -Count 5 | Send-VringPacket vm0
        Receive-VringPacket vm0 -Timeout 0.3 -ErrorAction Stop | Should -HaveCount 5
        Receive-VringPacket vm0 -Timeout 0.1 -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'keeps what came and says with the ring''s verdict that the rest did not' {
        New-VhostPacket | Send-VringPacket vm0
        $received = Receive-VringPacket vm0 -Count 2 -Timeout 0.3 -ErrorVariable problem -ErrorAction SilentlyContinue
        $received | Should -HaveCount 1
        $problem.FullyQualifiedErrorId | Should -Be 'PeerTimeout,VhostUser.Commands.ReceiveVringPacketCommand'
        "$problem" | Should -BeLike "*1 of 2 packets came on ring 0 within 0.3 s. Ring 0: ok*"
    }

    It 'feeds a pipeline that ends early' {
        New-VhostPacket -Count 5 | Send-VringPacket vm0
        Receive-VringPacket vm0 -Count 5 -Timeout 5 | Select-Object -First 1 | Should -HaveCount 1
        $null = Receive-VringPacket vm0 -Timeout 0.1
    }

    It 'answers <id> to <given>' -ForEach @(
        @{ Id = 'HandleNotFound'; Given = 'nobody' }
        @{ Id = 'RingIndexInvalid'; Given = 'vm0 -Queue 1' }
        @{ Id = 'ParameterArgumentTransformationError'; Given = 'vm0 -Timeout soon' }
    ) {
        { & ([scriptblock]::Create("Receive-VringPacket $given -ErrorAction Stop")) } | Should -Throw -ErrorId "$id,*"
    }

    It 'says that the back-end has gone' {
        Stop-VhostServer sw0
        { Receive-VringPacket vm0 -Count 1 -Timeout 5 -ErrorAction Stop } | Should -Throw -ErrorId 'PeerDisconnected,*'
        (Get-VringState -Client vm0).Verdict | Should -Be @('the back-end closed the connection', 'the back-end closed the connection')
    }
}
