BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo

    function Receive-All([int] $Count) { Receive-VringPacket vm0 -Count $Count -Timeout 5 }
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Send-VringPacket' {
    BeforeAll {
        $frame = [byte[]](1..64)
        $text = [Convert]::ToHexString($frame)
        [IO.File]::WriteAllBytes("$TestDrive/raw.bin", $frame)
        Set-Content "$TestDrive/frame.hex" $text
    }

    It 'takes <what> from the pipeline' -ForEach @(
        @{ What = 'packets'; Send = { New-VhostPacket -Bytes $frame | Send-VringPacket vm0 } }
        @{ What = 'a byte[] taken apart by the pipeline'; Send = { $frame | Send-VringPacket vm0 } }
        @{ What = 'a byte[] kept together'; Send = { , $frame | Send-VringPacket vm0 } }
        @{ What = 'numbers'; Send = { , (1..64) | Send-VringPacket vm0 } }
        @{ What = 'hex text'; Send = { $text | Send-VringPacket vm0 } }
        @{ What = 'a raw file'; Send = { Get-Item "$TestDrive/raw.bin" | Send-VringPacket vm0 } }
        @{ What = 'a file of hex text'; Send = { Get-Item "$TestDrive/frame.hex" | Send-VringPacket vm0 } }
    ) {
        & $send
        (Receive-All 1).Bytes.ToArray() | Should -Be $frame
    }

    It 'takes <what> as an argument' -ForEach @(
        @{ What = 'packets'; Count = 2; Send = { Send-VringPacket vm0 (New-VhostPacket -Count 2) } }
        @{ What = 'a byte[]'; Count = 1; Send = { Send-VringPacket vm0 $frame } }
        @{ What = 'a list of byte[]'; Count = 2; Send = { Send-VringPacket vm0 $frame, $frame } }
        @{ What = 'paths'; Count = 2; Send = { Send-VringPacket vm0 -Path "$TestDrive/raw.bin", "$TestDrive/frame.hex" } }
        @{ What = 'a wildcard path'; Count = 1; Send = { Send-VringPacket vm0 -Path "$TestDrive/*.bin" } }
        @{ What = 'a client object'; Count = 1; Send = { Send-VringPacket (Get-VhostClient vm0) $frame } }
    ) {
        & $send
        Receive-All $count | Should -HaveCount $count
    }

    It 'keeps the order of single bytes and whole packets' {
        & { $frame; New-VhostPacket -Payload 'last' } | Send-VringPacket vm0
        $received = Receive-All 2
        $received[0].Length | Should -Be 64
        $received[1].PayloadText | Should -Be 'last'
    }

    It 'repeats without pipeline cost' {
        $before = (Get-VhostServer sw0).PacketsReceived
        Send-VringPacket vm0 $frame -Count 10000
        $null = Receive-VringPacket vm0 -Timeout 0.3
        (Get-VhostServer sw0).PacketsReceived - $before | Should -Be 10000
    }

    It 'keeps a rate over the pipeline' {
        $time = Measure-Command { New-VhostPacket -Count 101 | Send-VringPacket vm0 -Rate 500 }
        $null = Receive-VringPacket vm0 -Timeout 0.1
        $time.TotalSeconds | Should -BeGreaterThan 0.19
    }

    It 'writes the packets with -PassThru, and nothing without' {
        New-VhostPacket -Payload 'x' | Send-VringPacket vm0 -PassThru | ForEach-Object PayloadText | Should -Be 'x'
        New-VhostPacket | Send-VringPacket vm0 | Should -BeNullOrEmpty
        $null = Receive-All 2
    }

    It 'posts a raw chain and says what came of it' {
        $result = Send-VringPacket vm0 -Readable ('00' * 12), $frame -Timeout 5
        $result | Should -BeOfType VhostUser.Endpoints.VringChainResult
        $result.Written | Should -Be 0
        (Receive-All 1).Bytes.ToArray() | Should -Be $frame
    }

    It 'goes on after something that is no packet' {
        $sent = 42, 'zz', $text | Send-VringPacket vm0 -PassThru -ErrorVariable problems -ErrorAction SilentlyContinue
        $problems.FullyQualifiedErrorId | Should -Be (@('PacketInvalid,VhostUser.Commands.SendVringPacketCommand') * 2)
        $sent | Should -HaveCount 1
        $null = Receive-All 1
    }

    It 'answers <id> to <given>' -ForEach @(
        @{ Id = 'HandleNotFound'; Given = 'nobody ff02' }
        @{ Id = 'RingIndexInvalid'; Given = 'vm0 ff02 -Queue 0' }
        @{ Id = 'RingIndexInvalid'; Given = 'vm0 ff02 -Queue 7' }
        @{ Id = 'PacketInvalid'; Given = 'vm0 -Path no.such.file' }
        @{ Id = 'PacketTooLarge'; Given = 'vm0 ("00" * 100000)' }
        @{ Id = 'RingFull'; Given = 'vm0 -Queue 0 -Writable 64 -Timeout 0.1' }
    ) {
        { & ([scriptblock]::Create("Send-VringPacket $given -ErrorAction Stop")) } | Should -Throw -ErrorId "$id,VhostUser.Commands.SendVringPacketCommand"
    }

    It 'stops within a second of Ctrl+C' {
        $module = "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1"
        $shell = [powershell]::Create().AddScript("Import-Module '$module'; Send-VringPacket vm0 ('00' * 60) -Count 1000000000000")
        $before = (Get-VhostServer sw0).PacketsReceived
        $run = $shell.BeginInvoke()
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while ((Get-VhostServer sw0).PacketsReceived -eq $before -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
        $time = Measure-Command { $shell.Stop() }
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $time.TotalSeconds | Should -BeLessThan 1
        (Get-VhostServer sw0).PacketsReceived | Should -BeGreaterThan $before
    }
}
