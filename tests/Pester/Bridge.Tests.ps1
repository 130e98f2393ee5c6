BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    $null = New-VhostSharedRegion brlab 64MB
    foreach ($i in 0..2) {
        $null = Start-VhostServer "port$i" "./port$i.sock"
        $null = Connect-VhostClient "guest$i" "./port$i.sock" brlab
    }
}
AfterAll {
    Get-VhostBridge | Remove-VhostBridge
    Disconnect-VhostClient guest*
    Stop-VhostServer port*
    Remove-VhostSharedRegion brlab
    Pop-Location
}

Describe 'A bridge' {
    It 'carries packets between the guests of its servers and learns where they are' {
        $bridge = New-VhostBridge br0 -Port port0, port1
        $bridge.Ports.Name | Should -Be 'port0', 'port1'
        $toB = New-VhostPacket -Udp -SourceMac 02:00:00:00:00:0a -DestinationMac 02:00:00:00:00:0b -Payload ping
        $toA = New-VhostPacket -Udp -SourceMac 02:00:00:00:00:0b -DestinationMac 02:00:00:00:00:0a -Payload pong
        $toB | Send-VringPacket -Client guest0
        (Receive-VringPacket -Client guest1 -Count 1 -Timeout 5).PayloadText | Should -Be ping
        $toA | Send-VringPacket -Client guest1
        (Receive-VringPacket -Client guest0 -Count 1 -Timeout 5).PayloadText | Should -Be pong
        Get-VhostBridge br0 -Station | ForEach-Object { '{0} {1}' -f $_.Port, $_.MacAddress } | Should -Be 'port0 02:00:00:00:00:0a', 'port1 02:00:00:00:00:0b'
    }

    It 'takes a port from the pipeline and gives it back, sessions going on' {
        (Get-VhostServer port2 | Add-VhostBridgePort br0 -PassThru).Name | Should -Be port2
        (Get-VhostServer port2).Bridge | Should -Be br0
        New-VhostPacket -Udp -DestinationMac ff:ff:ff:ff:ff:ff -Payload all | Send-VringPacket -Client guest0
        (Receive-VringPacket -Client guest2 -Count 1 -Timeout 5).PayloadText | Should -Be all
        Get-VhostBridge br0 -Port | Where-Object Name -eq port2 | Remove-VhostBridgePort
        (Get-VhostServer port2).Bridge | Should -BeNullOrEmpty
        (Get-VhostServer port2).Sessions | Should -Be 1
    }

    It 'is shown in tables of at most 100 columns' {
        foreach ($view in (Get-VhostBridge), (Get-VhostBridge -Port), (Get-VhostBridge -Station)) {
            $lines = $view | Out-String -Stream -Width 100 | ForEach-Object { $_ -replace '\e\[[\d;]*m' }
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
            $lines -join "`n" | Should -Match 'br0'
        }
    }

    It 'says what a name could have been' {
        { Add-VhostBridgePort br0 nobody -ErrorAction Stop } | Should -Throw -ErrorId 'HandleNotFound,*' -ExceptionType ([Exception])
    }

    It 'is removed with its servers left alive' {
        (Remove-VhostBridge br0 -PassThru).Ports.Count | Should -Be 2
        Get-VhostBridge | Should -BeNullOrEmpty
        (Get-VhostServer port0).State | Should -Be Running
    }

    It 'takes a tap interface of the host by its name, beside servers, and the kernel answers through it' -Skip:((id -u) -ne 0 -or -not (Get-Command unshare, ip -ErrorAction Ignore)) {
        # A network namespace of its own: no interface of the machine is touched.
        $script = @"
            Import-Module '$(Resolve-Path "$PSScriptRoot/../../out/VhostUser")'
            ip tuntap add tap0 mode tap
            ip address add 10.9.0.1/24 dev tap0
            ip link set tap0 up
            `$null = New-VhostSharedRegion mem 16MB
            'sw0', 'sw1' | ForEach-Object { `$null = Start-VhostServer `$_ "$TestDrive/tap-`$_.sock" }
            `$null = Connect-VhostClient vm0 "$TestDrive/tap-sw0.sock" mem
            `$null = New-VhostBridge br0 -Port sw0, sw1, tap0
            `$ask = New-VhostPacket -Arp -SourceMac 02:00:00:00:00:0a -Source 10.9.0.2 -Destination 10.9.0.1
            `$deadline = [datetime]::Now.AddSeconds(20)
            do {
                `$ask | Send-VringPacket vm0
                `$answer = Receive-VringPacket vm0 -Count 1 -Timeout 1 -ErrorAction Ignore | Where-Object Protocol -eq ARP
            } until (`$answer -or [datetime]::Now -gt `$deadline)
            "`$((Get-VhostBridge br0 -Port).Kind) `$((Get-VhostBridge br0 -Port)[-1].Up) `$(`$answer.Source) `$((Get-VhostBridge br0 -MacTable | Where-Object MacAddress -eq 02:00:00:00:00:0a).Port)"
"@
        unshare --net ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script | Select-Object -Last 1 | Should -Be 'Server Server Tap True 10.9.0.1 sw0'
    }
}
