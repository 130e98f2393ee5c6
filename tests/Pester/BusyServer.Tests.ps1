BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    $null = New-VhostSharedRegion lab 16MB
    $null = Start-VhostServer aslow ./a.sock -OnPacket { Start-Sleep 30 }
    $null = Start-VhostServer bquick ./b.sock
    $null = Connect-VhostClient vm0 ./a.sock lab
    New-VhostPacket -Udp | Send-VringPacket vm0
    $deadline = [datetime]::UtcNow.AddSeconds(10)
    while ((Get-VhostServer aslow).BusyFor -lt [timespan]::FromSeconds(1.1) -and [datetime]::UtcNow -lt $deadline) { }
}
AfterAll {
    Disconnect-VhostClient vm0
    Stop-VhostServer *
    Remove-VhostSharedRegion lab
    Pop-Location
}

Describe 'A server whose script is at work' {
    It 'is listed at once, with the servers after it' {
        $time = Measure-Command { $script:servers = Get-VhostServer }
        $time.TotalSeconds | Should -BeLessThan 1
        $servers.Name | Should -Be aslow, bquick
        $servers | Out-String | Should -Match 'aslow\s+Busy \d+ s'
    }

    It 'shows its rings and is found by a positional name' {
        (Get-VringState aslow 1).Verdict | Should -Match '^the packet script has been busy with one packet for'
        (Get-VringState vm0 1).Verdict | Should -Match 'has returned none for'
        (Measure-VringThroughput aslow 0.1).Owner | Should -Be aslow
    }

    It 'stops within a second or so, and its photograph does not stop a successor' {
        $info = Get-VhostServer aslow
        (Measure-Command { Stop-VhostServer aslow }).TotalSeconds | Should -BeLessThan 2
        $null = Start-VhostServer aslow ./a2.sock
        $info | Stop-VhostServer -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'HandleClosed,*'
        (Get-VhostServer aslow).State | Should -Be Listening
    }
}

Describe 'A process that is ended by a signal' {
    It 'leaves no socket file after <Signal>' -ForEach @(@{ Signal = 'TERM' }, @{ Signal = 'HUP' }) {
        $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
        $socket = "$TestDrive/$Signal.sock"
        # Under nohup a child ignores HUP from the start.
        $process = Start-Process env -PassThru -ArgumentList '--default-signal', 'pwsh', '-NoProfile', '-Command', "Import-Module '$module'; `$null = Start-VhostServer s '$socket'; Start-Sleep 60"
        $deadline = [datetime]::UtcNow.AddSeconds(30)
        while (-not (Test-Path $socket) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        Test-Path $socket | Should -BeTrue
        /bin/kill "-$Signal" $process.Id
        $process.WaitForExit(10000) | Should -BeTrue
        Test-Path $socket | Should -BeFalse
    }
}
