BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    $region = New-VhostSharedRegion lab 64MB
    $server = Start-VhostServer sw0 ./views.sock -Mode Echo
    $client = Connect-VhostClient vm0 ./views.sock lab
    New-VhostPacket -Udp -Payload hello | Send-VringPacket -Client vm0
    $packet = Receive-VringPacket -Client vm0 -Count 1 -Timeout 5
    $shown = @{
        Region = $region; RegionInfo = Get-VhostSharedRegion; Server = $server; ServerInfo = Get-VhostServer; Client = $client
        ClientInfo = Get-VhostClient; Received = $packet; Packet = New-VhostPacket -Udp; Ring = Get-VringState -Client vm0
        Descriptor = (Get-VringState -Server sw0 -Queue 1 -Descriptor).Descriptors | Select-Object -First 3
        Throughput = Measure-VringThroughput -Client vm0 -Duration 0.1
        Request = Send-VhostRequest vm0 GET_PROTOCOL_FEATURES; Comparison = Compare-VhostFeature Qemu vm0
    }
    $errorsBefore = $Error.Count
}
AfterAll {
    Disconnect-VhostClient vm0
    Stop-VhostServer sw0
    Remove-VhostSharedRegion lab
    Pop-Location
}

Describe 'Views' {
    It 'shows <Key> as a table of at most 100 columns with <Text>' -ForEach @(
        @{ Key = 'Region'; Text = '64 MB' }, @{ Key = 'RegionInfo'; Text = '0x' }, @{ Key = 'Server'; Text = "($PID)" }, @{ Key = 'ServerInfo'; Text = 'Echo' }
        @{ Key = 'Client'; Text = '2x256' }, @{ Key = 'ClientInfo'; Text = 'views.sock' }, @{ Key = 'Received'; Text = '10.0.0.1:1000 > 10.0.0.2:2000' }
        @{ Key = 'Packet'; Text = 'UDP' }, @{ Key = 'Ring'; Text = 'Rings of: vm0' }, @{ Key = 'Descriptor'; Text = '0x' }, @{ Key = 'Throughput'; Text = 'bit/s' }
        @{ Key = 'Request'; Text = 'Mq, LogShmfd' }, @{ Key = 'Comparison'; Text = 'both ends have it' }
    ) {
        # Without a width of its own a table takes what it gets; 100 must be enough for all columns.
        $lines = $shown[$Key] | Out-String -Stream -Width 100 | ForEach-Object { $_ -replace '\e\[[\d;]*m' }
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
        $lines -join "`n" | Should -BeLike "*$Text*"
        $lines -join "`n" | Should -Match '(?m)^ *-+ '
    }

    It 'shows <_> as a list without an empty label' -ForEach 'RegionInfo', 'ServerInfo', 'ClientInfo', 'Received', 'Packet', 'Ring' {
        $text = $shown[$_] | Format-List | Out-String -Width 200
        $text | Should -Not -BeLike '*System.*`[`]*'
        $text.Trim().Split("`n").Count | Should -BeGreaterThan 5
        $Error.Count | Should -Be $errorsBefore
    }

    It 'a list groups the features that are not used by their reason' {
        foreach ($handle in $shown.ServerInfo, $shown.ClientInfo) {
            ($handle | Format-List | Out-String -Width 1000) | Should -Match '(?m)^Not used +: not [^:]+: \w+(, \w+)+'
        }
    }

    It 'a live handle has the properties of its photograph' {
        foreach ($pair in ($region, $shown.RegionInfo), ($server, $shown.ServerInfo), ($client, $shown.ClientInfo)) {
            foreach ($name in $pair[1].PSObject.Properties.Name) { $pair[0].PSObject.Properties.Name | Should -Contain $name }
        }
        $server.PacketsReceived | Should -Be 1
    }

    It 'a photograph survives serialisation as plain values' {
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((Get-VhostServer sw0)))
        $copy.PacketsReceived, $copy.PeerProcessId | Should -Be 1, $PID
        $copy.Features | Should -Contain Version1
    }
}
