BeforeDiscovery {
    $script:noFabric = -not (Get-ChildItem /usr/lib, /usr/lib64 -Filter libfabric.so.1 -Recurse -Depth 1 -ErrorAction Ignore)
}
BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    $null = New-VhostSharedRegion linklab 64MB
    foreach ($end in 'left', 'right') {
        $null = Start-VhostServer $end "./$end.sock"
        $null = Connect-VhostClient "$end-guest" "./$end.sock" linklab
    }
    function Wait-Up { foreach ($i in 1..300) { if (-not (Get-IbTransport | Where-Object State -ne Up)) { return }; Start-Sleep -Milliseconds 100 } }
}
AfterAll {
    Get-IbTransport | Remove-IbTransport
    Disconnect-VhostClient *-guest
    Stop-VhostServer left, right
    Remove-VhostSharedRegion linklab
    Pop-Location
}

Describe 'A link' -Skip:$noFabric {
    It 'carries packets between the guests of two servers, both ways' {
        $key = New-IbKey
        $made = New-IbTransport ab -Server left -Listen 127.0.0.1 -Port 18631 -Credential $key
        $made.State | Should -Be Listening
        $null = New-IbTransport ba -Server right -Connect 127.0.0.1 -Port 18631 -Credential ([Net.NetworkCredential]::new('', $key).SecurePassword)
        Wait-Up
        (Get-IbTransport).State | Should -Be Up, Up
        New-VhostPacket -Udp -Payload there | Send-VringPacket -Client left-guest
        (Receive-VringPacket -Client right-guest -Count 1 -Timeout 10).PayloadText | Should -Be there
        New-VhostPacket -Udp -Payload back | Send-VringPacket -Client right-guest
        (Receive-VringPacket -Client left-guest -Count 1 -Timeout 10).PayloadText | Should -Be back
        (Get-IbTransport ab).PacketsSent | Should -Be 1
    }

    It 'leaves null references and the shell alone' {
        { [string]$null.Missing.Length } | Should -Not -Throw
        { throw [NullReferenceException]::new() } | Should -Throw
    }

    It 'is measured, by name or from the pipeline' {
        (Test-IbTransport ab -RoundTrip 20 -Duration 0.2).RoundTrips | Should -Be 20
        (Get-IbTransport ba | Test-IbTransport -RoundTrip 5 -Duration 0).Median | Should -BeGreaterThan ([TimeSpan]::Zero)
    }

    It 'is shown in tables of at most 100 columns' {
        foreach ($view in (Get-IbTransport), (Test-IbTransport ab -RoundTrip 5 -Duration 0)) {
            $lines = $view | Out-String -Stream -Width 100 | ForEach-Object { $_ -replace '\e\[[\d;]*m' }
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
            $lines -join "`n" | Should -Match 'ab'
        }
    }

    It 'refuses another key, and says so' {
        Remove-IbTransport ba
        $null = New-IbTransport ba -Server right -Connect 127.0.0.1 -Port 18631 -Credential (New-IbKey)
        foreach ($i in 1..100) { if ((Get-IbTransport ba).FaultId) { break }; Start-Sleep -Milliseconds 100 }
        (Get-IbTransport ba).FaultId | Should -Be LinkUnauthorized
    }

    It 'refuses addresses of others without a credential' {
        { New-IbTransport x -Server right -Connect 192.0.2.1 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*'
    }

    It 'is removed, and its server goes on' {
        (Remove-IbTransport ab, ba -PassThru).Count | Should -Be 2
        Get-IbTransport | Should -BeNullOrEmpty
        (Get-VhostServer left).State | Should -Be Running
    }
}
