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
}
