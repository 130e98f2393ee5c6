# Servers and clients work in the background; what PowerShell has for background work must compose with them.
BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1"
    $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
    function Wait-Until([scriptblock] $Condition, [int] $Seconds = 30) {
        $deadline = [datetime]::UtcNow.AddSeconds($Seconds)
        while (-not (& $Condition)) {
            if ([datetime]::UtcNow -gt $deadline) { throw "Not within $Seconds s: $Condition" }
            Start-Sleep -Milliseconds 50
        }
    }
}
AfterAll {
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'ForEach-Object -Parallel' {
    It 'reaches handles by name and as objects from every runspace' {
        $servers = 1..4 | ForEach-Object { Start-VhostServer "par$_" "$TestDrive/p$_.sock" -Mode Echo }
        $module = "$module"
        $received = $servers | ForEach-Object -ThrottleLimit 4 -Parallel {
            Import-Module $using:module
            $region = New-VhostSharedRegion "region-$($_.Name)" 8MB
            $client = Connect-VhostClient "client-$($_.Name)" $_.Path $region
            New-VhostPacket -Payload $_.Name | Send-VringPacket $client -Count 10
            (Receive-VringPacket $client -Count 10 -Timeout 30).Count
        }
        $received | Should -Be 10, 10, 10, 10
        # What the runspaces made lives on in this one.
        (Get-VhostClient client-par*).Count | Should -Be 4
        (Get-VhostServer par*).PacketsReceived | Should -Be 10, 10, 10, 10
        Disconnect-VhostClient client-par*
        Stop-VhostServer par*
        Remove-VhostSharedRegion region-par*
    }
}

Describe 'Start-ThreadJob' {
    It 'receives while the prompt sends' {
        $job = Start-ThreadJob { Import-Module $using:module; Receive-VringPacket vm0 -Count 5 -Timeout 30 | ForEach-Object Summary }
        New-VhostPacket -Payload job -Count 5 -Counter DestinationPort | Send-VringPacket vm0
        $summaries = $job | Receive-Job -Wait -AutoRemoveJob
        $summaries.Count | Should -Be 5
        $summaries[4] | Should -BeLike '*:2004 *'
    }

    It 'is stopped like a pipeline' {
        $started = [System.Threading.ManualResetEventSlim]::new()
        $job = Start-ThreadJob { Import-Module $using:module; ($using:started).Set(); Receive-VringPacket vm0 -Count 1 -Timeout 600 }
        $started.Wait(30000) | Should -BeTrue
        $job | Stop-Job
        $job.State | Should -Be Stopped
        $job | Remove-Job
        Get-VhostClient vm0 | ForEach-Object State | Should -Be Running
    }
}

Describe 'Register-ObjectEvent' {
    BeforeAll {
        $live = Start-VhostServer ev1 "$TestDrive/ev1.sock" -Mode Echo
    }
    AfterEach {
        Get-EventSubscriber | Unregister-Event
        Get-Event | Remove-Event
    }

    It 'tells a server''s StateChanged, PacketReceived and Faulted' {
        $names = 'StateChanged', 'PacketReceived', 'Faulted'
        foreach ($name in $names) { $null = Register-ObjectEvent $live $name -SourceIdentifier "server.$name" }
        $client = Connect-VhostClient evc $live.Path lab
        New-VhostPacket | Send-VringPacket $client -Count 20
        Wait-Until { Get-Event 'server.PacketReceived' -ErrorAction Ignore }
        Wait-Until { (Get-Event 'server.PacketReceived').SourceEventArgs | Measure-Object Count -Sum | ForEach-Object { $_.Sum -eq 20 } }
        Get-Event 'server.StateChanged' | Should -Not -BeNullOrEmpty
        Get-Event 'server.Faulted' -ErrorAction Ignore | Should -BeNullOrEmpty
        # A request that breaks the protocol ends the session and is a fault.
        $null = Send-VhostRequest evc SetVringNum -Queue 0 -Number 3 -ErrorAction Ignore
        Wait-Until { Get-Event 'server.Faulted' -ErrorAction Ignore }
        $fault = (Get-Event 'server.Faulted').SourceEventArgs
        $fault.FaultId, $fault.Fault | Should -Not -BeNullOrEmpty
        Disconnect-VhostClient evc
    }

    It 'tells a client''s StateChanged and PacketReceived, with an action' {
        $client = Connect-VhostClient evc $live.Path lab
        $seen = [System.Collections.Concurrent.ConcurrentQueue[string]]::new()
        $null = Register-ObjectEvent $client PacketReceived -MessageData $seen -Action { $Event.MessageData.Enqueue("$($Event.SourceEventArgs.Count)") }
        $null = Register-ObjectEvent $client StateChanged -MessageData $seen -Action { $Event.MessageData.Enqueue("$($Event.Sender.State)") }
        New-VhostPacket | Send-VringPacket $client -Count 3
        Wait-Until { -not $seen.IsEmpty }
        (Receive-VringPacket $client -Count 3 -Timeout 10).Count | Should -Be 3
        # Nobody uses the client meanwhile: that its peer has gone is noticed for those who listen.
        Stop-VhostServer ev1
        Wait-Until { $seen -contains 'Disconnected' }
        Disconnect-VhostClient evc
    }
}
