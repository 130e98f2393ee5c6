BeforeAll {
    $missing = 'tshark', 'capinfos', 'editcap' | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) }
    $withoutTshark = if ($missing) { "$($missing -join ', ') not found: ./build.sh peers installs them (apt-get install tshark)" }
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
    $file = "$TestDrive/a.pcapng"
    function Invoke-Echo([int] $Count = 1) {
        New-VhostPacket -Udp -Payload ping | Send-VringPacket vm0 -Count $Count
        $null = Receive-VringPacket vm0 -Count $Count -Timeout 20
    }
    # What a program of Wireshark writes; anything on its error stream but the note about root is a warning.
    function Invoke-Reader([string] $Program, [string[]] $Arguments) {
        $output = & $Program @Arguments 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $errors = @($output | Where-Object { $_ -is [Management.Automation.ErrorRecord] -and $_ -notmatch 'Running as user "root"' -and "$_".Trim() })
        $errors | Should -BeNullOrEmpty
        $output | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] }
    }
}
AfterAll {
    Get-VringCapture | Stop-VringCapture
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'A capture' {
    AfterEach {
        Get-VringCapture | Stop-VringCapture -WarningAction SilentlyContinue
        Remove-Item "$TestDrive/*.pcapng", "$TestDrive/*.pcap" -ErrorAction Ignore
    }

    It 'is started on endpoints by name, shown in a table of 100 columns, and stopped' {
        Start-VringCapture cap0 $file sw0, vm0 | Should -BeOfType VhostUser.Endpoints.VhostCapture
        Invoke-Echo 3
        $table = Get-VringCapture | Out-String -Width 100
        $table | Should -Match 'cap0 +Running +sw0, vm0 '
        ($table -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
        $last = Stop-VringCapture cap0 -PassThru
        $last.Packets, $last.Dropped, $last.State | Should -Be 12, 0, 'Stopped'
        ($last | Format-List | Out-String) | Should -Match 'sw0 \(Server\): 6 packets, 0 dropped'
        Get-VringCapture | Should -BeNullOrEmpty
    }

    It 'takes its endpoints from the pipeline' {
        Get-VhostServer | Start-VringCapture cap0 $file | Should -Not -BeNullOrEmpty
        (Get-VringCapture cap0).Interfaces.Name | Should -Be 'sw0'
    }

    It 'keeps only the types that are meant' {
        $null = Start-VringCapture cap0 $file vm0 -Direction Out -EtherType Arp
        Invoke-Echo 2
        New-VhostPacket -Arp -VlanId 5 | Send-VringPacket vm0
        $null = Receive-VringPacket vm0 -Count 1 -Timeout 20
        (Stop-VringCapture cap0 -PassThru).Packets | Should -Be 1
    }

    It 'opens in tshark without a warning, with times in nanoseconds, direction and queue' {
        if ($withoutTshark) { Set-ItResult -Skipped -Because $withoutTshark; return }
        $null = Start-VringCapture cap0 $file sw0, vm0
        Invoke-Echo 2
        Stop-VringCapture cap0
        $rows = Invoke-Reader tshark ('-r', $file, '-T', 'fields', '-E', 'separator=/s', '-e', 'frame.interface_name', '-e', 'frame.packet_flags_direction', '-e', 'frame.interface_queue', '-e', 'ip.dst', '-e', 'udp.length')
        $rows | Group-Object -NoElement | Sort-Object Name | ForEach-Object { "$($_.Count) x $($_.Name)" } | Should -Be @(
            '2 x sw0 0x00000001 1 10.0.0.2 12', '2 x sw0 0x00000002 0 10.0.0.2 12', '2 x vm0 0x00000001 0 10.0.0.2 12', '2 x vm0 0x00000002 1 10.0.0.2 12')
        $info = (Invoke-Reader capinfos $file) -join "`n"
        $info | Should -Match 'timestamp precision: +nanoseconds'
        $info | Should -Match 'Strict time order: +True'
        $info | Should -Match 'Number of interfaces in file: 2'
        $info | Should -Match 'Number of stat entries = 1'
    }

    It 'can be read while it is written, and every file of a row is whole' {
        if ($withoutTshark) { Set-ItResult -Skipped -Because $withoutTshark; return }
        $null = Start-VringCapture cap0 $file vm0 -RotateCount 4
        Invoke-Echo 5
        $clock = [Diagnostics.Stopwatch]::StartNew()
        while ((Get-VringCapture cap0).Files.Count -lt 3 -and $clock.Elapsed.TotalSeconds -lt 20) { Start-Sleep -Milliseconds 20 }
        $files = (Get-VringCapture cap0).Files
        (Invoke-Reader tshark ('-r', $files[0])).Count | Should -Be 4
        $files = (Stop-VringCapture cap0 -PassThru).Files
        $files.Count | Should -Be 3
        ($files | ForEach-Object { @(Invoke-Reader tshark ('-r', $_)).Count }) | Should -Be 4, 4, 2
    }

    It 'is sent again, also as pcap written by another program' {
        if ($withoutTshark) { Set-ItResult -Skipped -Because $withoutTshark; return }
        $null = Start-VringCapture cap0 $file vm0 -Direction Out
        Invoke-Echo 5
        Stop-VringCapture cap0
        foreach ($format in 'pcapng', 'pcap', 'nsecpcap') {
            $other = "$TestDrive/other.pcap"
            $null = Invoke-Reader editcap ('-F', $format, $file, $other)
            Send-VringPacket vm0 -Path $other
            (Receive-VringPacket vm0 -Count 5 -Timeout 20).PayloadText | Should -Be (, 'ping' * 5)
        }
    }

    It 'that lacks packets warns when it is stopped' {
        # A file that nobody reads: the writer waits, and the buffer fills.
        $pipe = "$TestDrive/pipe.pcapng"
        & mkfifo $pipe
        $reader = Start-Process bash ('-c', "`"exec 3<>'$pipe'; exec sleep 60`"") -PassThru
        try {
            $null = Start-VringCapture cap0 $pipe vm0 -BufferSize 256KB -Force
            New-VhostPacket -Length 1500 | Send-VringPacket vm0 -Count 5000
            (Get-VringCapture cap0).Dropped | Should -BeGreaterThan 0
        } finally {
            $reader.Kill()
            $reader.WaitForExit()
        }
        Stop-VringCapture cap0 -WarningVariable warnings -WarningAction SilentlyContinue -ErrorAction SilentlyContinue
        "$warnings" | Should -Match 'lacks \d+ of \d+ packets'
        while (Receive-VringPacket vm0 -Timeout 0.2) { }
    }

    It 'tells what is wrong: <Because>' -ForEach @(
        @{ Because = 'no such endpoint'; Id = 'HandleNotFound*'; Arguments = @{ InputObject = 'nobody' } }
        @{ Because = 'no endpoint'; Id = 'InvalidArgument*'; Arguments = @{} }
        @{ Because = 'no such ring'; Id = 'RingIndexInvalid*'; Arguments = @{ InputObject = 'vm0'; Queue = 9 } }
        @{ Because = 'no such folder'; Id = 'CaptureFailed*'; Arguments = @{ InputObject = 'vm0'; Path = '/nowhere/a.pcapng' } }
    ) {
        $all = @{ Name = 'cap0'; Path = $file } + @{}
        foreach ($key in $Arguments.Keys) { $all[$key] = $Arguments[$key] }
        Start-VringCapture @all -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $errors[0].FullyQualifiedErrorId | Should -BeLike $Id
        $errors[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'is completed by Remove-Module' {
        $other = "$TestDrive/removed.pcapng"
        $script = "Import-Module '$PSScriptRoot/../../out/VhostUser'; `$null = New-VhostSharedRegion l 16MB; `$null = Start-VhostServer s '$TestDrive/s.sock'; `$null = Connect-VhostClient v '$TestDrive/s.sock' l; `$null = Start-VringCapture c '$other' v; New-VhostPacket | Send-VringPacket v -Count 7; Remove-Module VhostUser"
        & ([Environment]::ProcessPath) -NoProfile -Command $script
        Send-VringPacket vm0 -Path $other -Verbose 4>&1 | Out-String | Should -Match 'Replayed 7 packets'
        $null = Receive-VringPacket vm0 -Count 7 -Timeout 20
    }
}
