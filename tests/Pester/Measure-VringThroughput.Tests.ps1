BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Sink
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Measure-VringThroughput' {
    It 'counts what moves through both ends, at once' {
        $module = "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1"
        $shell = [powershell]::Create().AddScript("Import-Module '$module'; Send-VringPacket vm0 ('00' * 60) -Count 1000000000000")
        try {
            $run = $shell.BeginInvoke()
            $deadline = [datetime]::UtcNow.AddSeconds(20)
            while ((Get-VhostServer sw0).PacketsReceived -eq 0 -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
            $server, $client = @(Get-VhostServer) + @(Get-VhostClient) | Measure-VringThroughput -Duration 0.5
            $server.Owner | Should -Be 'sw0'
            $server.PacketsReceived | Should -BeGreaterThan 100
            $server.PacketsSent | Should -Be 0
            $server.BytesReceived | Should -Be ($server.PacketsReceived * 60)
            $server.ReceivedBitsPerSecond | Should -Be ($server.BytesReceived * 8 / $server.Duration.TotalSeconds)
            $server.Duration.TotalSeconds | Should -BeGreaterThan 0.45
            $client.PacketsSent | Should -BeGreaterThan 100
            $ring = Measure-VringThroughput -Client vm0 -Queue 1 -Duration 0.1
            $ring.Queue | Should -Be 1
            $ring.PacketsSent | Should -BeGreaterThan 10
        }
        finally {
            $shell.Stop()
        }
    }

    It 'compares with one of them and draws both' {
        $rows = Measure-VringThroughput vm0 -Compare sw0 -Duration 0.1 -ChartPath "$TestDrive/chart.svg"
        $rows.Owner | Should -Be 'vm0', 'sw0'
        $rows.IsBaseline | Should -Be $false, $true
        ([xml](Get-Content "$TestDrive/chart.svg" -Raw)).svg.rect.Count | Should -Be 3
        $rows | Format-Table | Out-String -Width 100 | Should -Match 'baseline'
    }

    It 'answers <id> to <given>' -ForEach @(
        @{ Id = 'HandleNotFound'; Given = '-Server nobody' }
        @{ Id = 'RingIndexInvalid'; Given = '-Server sw0 -Queue 2' }
        @{ Id = 'HandleNotFound'; Given = 'vm0 -Compare nobody' }
        @{ Id = 'InvalidArgument'; Given = 'vm0 -ChartPath ./chart.svg' }
    ) {
        { & ([scriptblock]::Create("Measure-VringThroughput $given -ErrorAction Stop")) } | Should -Throw -ErrorId "$id,VhostUser.Commands.MeasureVringThroughputCommand"
    }

    It 'stops within a second of Ctrl+C, as Receive-VringPacket does' -ForEach 'Measure-VringThroughput -Duration 60', 'Receive-VringPacket vm0 -Count 1 -Timeout 60' {
        $module = "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1"
        $shell = [powershell]::Create().AddScript("Import-Module '$module'; 'ready'; $_")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $run = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while ($output.Count -eq 0 -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
        $output[0] | Should -Be 'ready'
        $time = Measure-Command { $shell.Stop() }
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $time.TotalSeconds | Should -BeLessThan 1
    }
}
