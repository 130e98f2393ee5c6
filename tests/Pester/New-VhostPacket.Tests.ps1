BeforeAll {
    Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'New-VhostPacket' {
    It 'builds <protocol> with right checksums' -ForEach @(
        @{ Protocol = 'UDP'; Arguments = @{ Udp = $true; Destination = '10.0.0.9'; Payload = 'x' } }
        @{ Protocol = 'TCP'; Arguments = @{ Tcp = $true; TcpFlags = 'Syn', 'Ack'; VlanId = 7 } }
        @{ Protocol = 'ICMP'; Arguments = @{ Icmp = $true; Destination = 'fd00::9' } }
        @{ Protocol = 'ARP'; Arguments = @{ Arp = $true; Destination = '10.0.0.9' } }
        @{ Protocol = 'IPv4'; Arguments = @{ IPv4 = $true } }
        @{ Protocol = 'IPv6'; Arguments = @{ IPv6 = $true } }
        @{ Protocol = 'Ethernet'; Arguments = @{ Ethernet = $true; Payload = [byte[]](1, 2) } }
    ) {
        $packet = New-VhostPacket @Arguments
        $packet.Protocol | Should -Be $protocol
        $packet.ChecksumsValid | Should -BeTrue
    }

    It 'is a UDP datagram when nothing else is said' {
        (New-VhostPacket).Protocol | Should -Be 'UDP'
    }

    It 'takes text from the pipeline as payload' {
        ('a', 'bb' | New-VhostPacket -Udp).PayloadText | Should -Be 'a', 'bb'
    }

    It 'takes addresses from the pipeline for ARP' {
        ('10.0.0.7', '10.0.0.8' | New-VhostPacket -Arp).Destination | Should -Be '10.0.0.7', '10.0.0.8'
    }

    It 'changes fields of a packet from the pipeline and counts in one' {
        $packets = New-VhostPacket -Payload 'keep' | New-VhostPacket -DestinationPort 53 -Count 3 -Counter SourcePort -CounterStart 5000 -CounterStep 10
        $packets.SourcePort | Should -Be 5000, 5010, 5020
        $packets.DestinationPort | Should -Be 53, 53, 53
        $packets.PayloadText | Should -Be 'keep', 'keep', 'keep'
        $packets.ChecksumsValid | Should -Not -Contain $false
    }

    It 'reads bytes, hex text and a dump back as they were' {
        $packet = New-VhostPacket -Payload 'content'
        (New-VhostPacket -Bytes $packet.Bytes).ToHex() | Should -Be $packet.ToHex()
        (New-VhostPacket -Bytes $packet.Bytes.ToArray()).ToHex() | Should -Be $packet.ToHex()
        (New-VhostPacket -Hex $packet.ToHex()).ToHex() | Should -Be $packet.ToHex()
        (New-VhostPacket -Hex ($packet.ToHexDump() -split "`n")).ToHex() | Should -Be $packet.ToHex()
    }

    It 'clears the don''t-fragment bit only when told' {
        $packet = New-VhostPacket -DontFragment
        ($packet | New-VhostPacket -Id 5).Layers[1].DontFragment | Should -BeTrue
        ($packet | New-VhostPacket -DontFragment:$false).Layers[1].DontFragment | Should -BeFalse
    }

    It 'answers <id> to <given>' -ForEach @(
        @{ Id = 'InvalidArgument'; Given = '-VlanId 5000' }
        @{ Id = 'InvalidArgument'; Given = '-Udp -TcpFlags Syn' }
        @{ Id = 'InvalidArgument'; Given = '-Source 10.0.0.1 -Destination fd00::1' }
        @{ Id = 'PacketInvalid'; Given = '-Hex zz' }
        @{ Id = 'AmbiguousParameterSet'; Given = '-Udp -Tcp' }
    ) {
        { & ([scriptblock]::Create("New-VhostPacket $given -ErrorAction Stop")) } | Should -Throw -ErrorId "$id,*"
    }
}
