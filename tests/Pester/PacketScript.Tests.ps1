BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    New-VhostSharedRegion lab 32MB | Out-Null
    function Start-Pair([scriptblock] $Script) {
        Start-VhostServer scr ./scr.sock -OnPacket $Script | Out-Null
        Connect-VhostClient vm0 ./scr.sock lab | Out-Null
    }
    function Send-Question { New-VhostPacket -Udp -Payload 'question' | Send-VringPacket -Client vm0 }
    function Get-Answer([int] $Count = 1) { Receive-VringPacket -Client vm0 -Count $Count -Timeout 5 }
    function Wait-Fault {
        $deadline = [datetime]::UtcNow.AddSeconds(5)
        do { $info = Get-VhostServer scr } until ($info.Fault -or [datetime]::UtcNow -gt $deadline)
        $info
    }
}
AfterAll {
    Remove-VhostSharedRegion lab
    Pop-Location
}

Describe 'Start-VhostServer -OnPacket' {
    AfterEach {
        Disconnect-VhostClient vm0
        Stop-VhostServer scr
    }

    It 'answers ARP in four lines' {
        Start-VhostServer scr ./scr.sock -OnPacket {
            param($packet)
            $packet.ToArpReply('02:00:00:00:00:99', '10.0.0.2')
        } | Out-Null
        Connect-VhostClient vm0 ./scr.sock lab | Out-Null
        New-VhostPacket -Arp -Destination 10.0.0.2 | Send-VringPacket -Client vm0
        (Get-Answer).Summary | Should -Be 'ARP 10.0.0.2 is at 02:00:00:00:00:99'
        New-VhostPacket -Arp -Destination 10.0.0.3 | Send-VringPacket -Client vm0
        Receive-VringPacket -Client vm0 -Count 1 -Timeout 0.3 -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'sends back <Case>' -ForEach @(
        @{ Case = 'packets made in the script'; Script = { param($packet) New-VhostPacket -Udp -Payload 'answer' }; Text = 'answer' }
        @{ Case = 'the packet itself'; Script = { param($packet) $packet }; Text = 'question' }
        @{ Case = 'the bytes of a packet'; Script = { param($packet) $packet.Bytes }; Text = 'question' }
        @{ Case = 'a byte array, which the pipeline unrolls'; Script = { param($packet) $packet.Bytes.ToArray() }; Text = 'question' }
        @{ Case = 'hex text'; Script = { param($packet) $packet.ToHex() }; Text = 'question' }
    ) {
        Start-Pair $Script
        Send-Question
        (Get-Answer).PayloadText | Should -Be $Text
    }

    It 'sends several, and keeps variables of the script between packets' {
        Start-Pair { param($packet) $global:n++; 1..2 | ForEach-Object { New-VhostPacket -Udp -Payload "answer $global:n.$_" } }
        Send-Question; Send-Question
        (Get-Answer 4).PayloadText | Should -Be 'answer 1.1', 'answer 1.2', 'answer 2.1', 'answer 2.2'
    }

    It 'takes $using: variables, in text and with members too' {
        $word = 'text'; $table = @{ Key = 'value' }
        Start-Pair { param($packet) New-VhostPacket -Udp -Payload "$using:word $(($using:table).Key)" }
        Send-Question
        (Get-Answer).PayloadText | Should -Be 'text value'
    }

    It 'refuses a script block as $using: variable' {
        $block = { 1 }
        { Start-VhostServer scr2 ./scr2.sock -OnPacket { param($packet) & $using:block } -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*'
        # For the clean-up after each test.
        Start-Pair { }
    }

    It 'counts <Case> and goes on' -ForEach @(
        @{ Case = 'an exception'; Script = { param($packet) if (-not $global:n++) { throw 'first goes wrong' }; $packet }; Message = '*first goes wrong*' }
        @{ Case = 'an error'; Script = { param($packet) if (-not $global:n++) { Write-Error 'not well' }; $packet }; Message = '*not well*' }
        @{ Case = 'output that is no packet'; Script = { param($packet) if (-not $global:n++) { Get-Date } else { $packet } }; Message = '*expected packets, byte`[`] or hex text*' }
    ) {
        Start-Pair $Script
        Send-Question
        $info = Wait-Fault
        $info.FaultId, $info.Drops['ScriptFailed'] | Should -Be 'ScriptFailed', 1
        $info.Fault | Should -BeLike $Message
        Send-Question
        (Get-Answer).PayloadText | Should -Be 'question'
    }

    It 'is interrupted when the server stops' {
        Start-Pair { param($packet) while ($true) { } }
        Send-Question
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        (Stop-VhostServer scr -PassThru).State | Should -Be Stopped
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 3
        Start-VhostServer scr ./again.sock | Out-Null
    }
}
