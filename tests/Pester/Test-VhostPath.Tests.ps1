BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
}
AfterAll {
    Get-VhostBridge | Remove-VhostBridge
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'Test-VhostPath' {
    It 'tests the path to an echo server and back' {
        $result = Test-VhostPath vm0 -Duration 0.5 -Rate 1000 -Timeout 10
        $result | Should -BeOfType VhostUser.Endpoints.VhostPathResult
        $result.From, $result.To, $result.Lost | Should -Be 'vm0', 'vm0', 0
        $result.Sent | Should -BeGreaterThan 50
        $result.LatencyP99 | Should -BeGreaterOrEqual $result.LatencyP50
    }

    It 'takes the client from the pipeline and shows a row of 100 columns' {
        $table = Get-VhostClient vm0 | Test-VhostPath -Duration 0.2 -Rate 500 -Timeout 10 | Out-String -Width 100
        $table | Should -Match 'From +To +Sent +Lost +Dupl +Reord +Corrupt +p50 +p99 +Max +Jitter'
        ($table -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
    }

    It 'draws a histogram that a file takes' {
        Test-VhostPath vm0 -Duration 0.2 -Rate 500 -Timeout 10 -Plot > "$TestDrive/plot.txt"
        $text = Get-Content -Raw "$TestDrive/plot.txt"
        $text | Should -Match '\|#+ *\| +\d+ +\d+\.\d %'
        $text | Should -Match 'Percentiles +: 50 %: \d'
        $text | Should -Not -Match "`e"
        ($text -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 110
    }

    It 'tests from one client to another through a bridge, with several sizes and a template' {
        foreach ($i in 1, 2) {
            $null = Start-VhostServer "port$i" "$TestDrive/p$i.sock"
            $null = Connect-VhostClient "end$i" "$TestDrive/p$i.sock" lab -QueueSize 64
        }
        $null = New-VhostBridge br0 port1, port2
        $result = Test-VhostPath end1 -To end2 -Duration 0.5 -Rate 1000 -PacketSize 64, 1500 -Template (New-VhostPacket -Udp -VlanId 7) -Timeout 10
        $result.Received, $result.Lost | Should -Be $result.Sent, 0
        (Get-VhostBridge br0).Packets | Should -BeGreaterOrEqual $result.Sent
    }

    It 'stops within moments' {
        $shell = [PowerShell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$PSScriptRoot/../../out/VhostUser'; Test-VhostPath vm0 -Duration 600")
            $running = $shell.BeginInvoke()
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $before = (Get-VhostClient vm0).PacketsSent
            while ((Get-VhostClient vm0).PacketsSent -eq $before -and $clock.Elapsed.TotalSeconds -lt 30) { Start-Sleep -Milliseconds 20 }
            (Get-VhostClient vm0).PacketsSent | Should -BeGreaterThan $before
            $clock.Restart()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 20
            $running.IsCompleted | Should -BeTrue
        } finally {
            $shell.Dispose()
        }
    }
}
