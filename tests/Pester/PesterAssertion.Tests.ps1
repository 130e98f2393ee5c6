BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
    Import-VhostPesterAssertion
    # The message with which an assertion fails.
    function Get-Failure([scriptblock] $Assertion) {
        try { & $Assertion } catch { return "$_" }
        throw 'The assertion held.'
    }
}
AfterAll {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'The assertions' {
    It 'may be imported again' { { Import-VhostPesterAssertion; Import-VhostPesterAssertion } | Should -Not -Throw }

    It 'BeVhostState takes names, objects and photographs, waits, and turns round' {
        'sw0' | Should -BeVhostState Running -Within 10
        Get-VhostServer sw0 | Should -BeVhostState Running
        Get-VhostClient vm0 | Should -Not -BeVhostState Faulted
        Get-Failure { 'sw0' | Should -BeVhostState Stopped -Within 0.05 -Because 'the lab is over' } |
            Should -Be "Expected 'sw0' to be Stopped within 0.05 s, because the lab is over, but it is Running."
        Get-Failure { 'sw0' | Should -Not -BeVhostState Running } | Should -Be "Expected not 'sw0' to be Running, but it is Running."
        Get-Failure { 'nobody' | Should -BeVhostState Running } | Should -BeLike '*is no server, client, bridge or capture*'
    }

    It 'BeVringState looks at verdicts of endpoints and rings' {
        'sw0', 'vm0' | Should -BeVringState
        Get-VringState vm0 | Should -BeVringState ok
        'vm0' | Should -Not -BeVringState '*gone*' -Queue 1
        Get-Failure { 'vm0' | Should -BeVringState 'starved' -Queue 1 } | Should -BeLike "Expected every ring of 'vm0' to be 'starved', but vm0 ring 1 (TX): ok*"
        Get-Failure { 'vm0' | Should -BeVringState -Queue 7 } | Should -BeLike '*has no such ring*'
    }

    It 'HaveForwarded and HaveDropped look at counters' {
        'sw0' | Should -Not -HaveDropped
        Get-Failure { 'vm0' | Should -HaveForwarded 1 } | Should -Be "Expected 'vm0' to have taken at least 1 packets, but it has taken 0."
        New-VhostPacket | Send-VringPacket vm0 -Count 5
        'sw0' | Should -HaveForwarded 5 -Within 10
        $null = Receive-VringPacket vm0 -Count 5 -Timeout 20
        'vm0' | Should -HaveForwarded 5
        # More than there are receive buffers, and nobody receives.
        New-VhostPacket | Send-VringPacket vm0 -Count 1000
        while ((Get-VringState -Client vm0 -Queue 1).InFlight) { Start-Sleep -Milliseconds 5 }
        'sw0' | Should -HaveDropped 1 -Reason NoReceiveBuffer
        Get-Failure { 'sw0' | Should -Not -HaveDropped } | Should -BeLike "*but it has dropped * NoReceiveBuffer*"
        while (Receive-VringPacket vm0 -Timeout 0.2) { }
    }

    It 'MeetPathLimit takes the result of Test-VhostPath' {
        $result = Test-VhostPath vm0 -Duration 0.3 -Rate 500 -Timeout 10
        $result | Should -MeetPathLimit
        $result | Should -MeetPathLimit -LostPercent 0 -Duplicates 0 -Max 60 -Jitter 60s
        Get-Failure { $result | Should -MeetPathLimit -LostPercent 0 -P50 1e-7 } | Should -BeLike 'Expected the path vm0 -> vm0 to have LostPercent <= 0, LatencyP50 <= *, but LatencyP50 is *'
    }

    It 'the module is imported without Pester being there' {
        $script = "`$env:PSModulePath = '$TestDrive'; Import-Module '$PSScriptRoot/../../out/VhostUser'; if (Get-Module Pester) { 'loaded' }; Import-VhostPesterAssertion -ErrorVariable e -ErrorAction SilentlyContinue; `$e[0].FullyQualifiedErrorId"
        & ([Environment]::ProcessPath) -NoProfile -Command $script | Should -BeLike 'PlatformNotSupported*'
    }
}
