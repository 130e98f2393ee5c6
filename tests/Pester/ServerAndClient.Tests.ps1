BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")
    Push-Location $TestDrive
    $server = 'VhostUser.Commands.StartVhostServerCommand'
    $client = 'VhostUser.Commands.ConnectVhostClientCommand'
}
AfterAll { Pop-Location }

Describe 'The story of the README' {
    AfterEach {
        Get-VhostClient | Disconnect-VhostClient
        Get-VhostServer | Stop-VhostServer
        Get-VhostSharedRegion | Remove-VhostSharedRegion
    }

    It 'sees a packet cross a real link' {
        New-VhostSharedRegion -Name lab -Size 64MB | Out-Null
        Start-VhostServer -Name sw0 -Path ./lab.sock -Mode Echo | Out-Null
        Connect-VhostClient -Name vm0 -Path ./lab.sock -Region lab -QueueSize 256 | Out-Null
        New-VhostPacket -Udp -Destination 10.0.0.2 -Payload 'hello' | Send-VringPacket -Client vm0
        $packet = Receive-VringPacket -Client vm0 -Count 1 -Timeout 2
        $packet.PayloadText | Should -Be 'hello'
        (Get-VringState -Client vm0).Verdict | Should -Be 'ok', 'ok'
        (Get-VhostServer sw0).PacketsReceived, (Get-VhostClient vm0).PacketsReceived | Should -Be 1, 1
        Disconnect-VhostClient vm0; Stop-VhostServer sw0; Remove-VhostSharedRegion lab
        './lab.sock' | Should -Not -Exist
    }
}

Describe 'Start-, Wait- and Stop-VhostServer' {
    AfterEach {
        Get-VhostClient | Disconnect-VhostClient
        Get-VhostServer | Stop-VhostServer
        Get-VhostSharedRegion | Remove-VhostSharedRegion
    }

    It 'listens, shows its peer while one is there, and listens again' {
        $handle = Start-VhostServer sw0 ./a.sock -QueuePairs 2
        $handle.State | Should -Be Listening
        New-VhostSharedRegion lab 16MB | Out-Null
        Connect-VhostClient vm0 ./a.sock lab -QueuePairs 2 | Out-Null
        $info = Wait-VhostServer sw0 -Timeout 5
        $info.State, $info.PeerProcessId, $info.QueuePairs | Should -Be Running, $PID, 2
        $info.Features | Should -Contain Mq
        $handle.Features | Should -Contain Mq
        Disconnect-VhostClient vm0
        (Wait-VhostServer $handle -State Listening -Timeout 5).PeerProcessId | Should -BeNullOrEmpty
    }

    It 'connects, again and again, to a client that listens' {
        New-VhostSharedRegion lab 16MB | Out-Null
        Start-VhostServer sw0 ./b.sock -Connect | ForEach-Object State | Should -Be Connecting
        (Connect-VhostClient vm0 ./b.sock lab -Listen -SocketMode 0600 -Timeout 5).State | Should -Be Running
        (Get-Item ./b.sock).UnixMode | Should -Be 'srw-------'
    }

    It 'sets the mode <_> of the socket file' -ForEach '0660', 660 {
        Start-VhostServer sw0 ./m.sock -SocketMode $_ | Out-Null
        (Get-Item ./m.sock).UnixMode | Should -Be 'srw-rw----'
    }

    It 'fills the receive ring in mode Source' {
        New-VhostSharedRegion lab 16MB | Out-Null
        Start-VhostServer sw0 ./s.sock -Mode Source -PacketSize 200 -Rate 10000 | Out-Null
        Connect-VhostClient vm0 ./s.sock lab | Out-Null
        (Receive-VringPacket -Client vm0 -Count 20 -Timeout 5 | ForEach-Object Length) | Should -Be (, 200 * 20)
    }

    It 'waits no longer than -Timeout' {
        Start-VhostServer sw0 ./w.sock | Out-Null
        { Wait-VhostServer sw0 -Timeout 300ms -ErrorAction Stop } | Should -Throw -ErrorId 'PeerTimeout,VhostUser.Commands.WaitVhostServerCommand'
        { Wait-VhostServer sw0 -Timeout -1 } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'reports <Id> for <Case>' -ForEach @(
        @{ Case = 'a directory that is not there'; Id = 'SocketPathInvalid'; Try = { Start-VhostServer sw0 ./none/x.sock -ErrorAction Stop } }
        @{ Case = 'a path that is too long'; Id = 'SocketPathTooLong'; Try = { Start-VhostServer sw0 "/tmp/$('x' * 120)" -ErrorAction Stop } }
        @{ Case = 'a file that is no socket'; Id = 'SocketForeignFile'; Try = { Set-Content f.txt x; Start-VhostServer sw0 ./f.txt -Force -ErrorAction Stop } }
        @{ Case = 'a socket in use'; Id = 'SocketInUse'; Try = { $null = Start-VhostServer sw0 ./u.sock; Start-VhostServer sw1 ./u.sock -Force -ErrorAction Stop } }
        @{ Case = 'a name in use'; Id = 'NameInUse'; Try = { $null = Start-VhostServer sw0 ./u.sock; Start-VhostServer sw0 ./v.sock -ErrorAction Stop } }
        @{ Case = 'a script in another mode'; Id = 'InvalidArgument'; Try = { Start-VhostServer sw0 ./x.sock -Mode Echo -OnPacket { } -ErrorAction Stop } }
        @{ Case = 'mode Script without script'; Id = 'InvalidArgument'; Try = { Start-VhostServer sw0 ./x.sock -Mode Script -ErrorAction Stop } }
        @{ Case = 'a tap name that is too long'; Id = 'TapFailed'; Try = { Start-VhostServer sw0 ./x.sock -Tap 'averylonginterfacename' -ErrorAction Stop } }
    ) {
        $Try | Should -Throw -ErrorId "$Id,$server"
        Get-VhostServer sw1* | Should -BeNullOrEmpty
        './v.sock', './x.sock' | Should -Not -Exist
    }

    It 'replaces a dead socket file only with -Force' {
        # A program that was killed cleans nothing up.
        $child = Start-Process -PassThru pwsh '-NoProfile', '-Command',
            "Import-Module '$((Get-Module VhostUser).ModuleBase)'; Start-VhostServer sw0 '$TestDrive/dead.sock'; Start-Sleep 60"
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while (-not (Test-Path ./dead.sock) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        $child.Kill()
        $child.WaitForExit()
        { Start-VhostServer sw0 ./dead.sock -ErrorAction Stop } | Should -Throw -ErrorId "SocketStale,$server"
        (Start-VhostServer sw0 ./dead.sock -Force).State | Should -Be Listening
    }

    It 'keeps a long location usable by a relative path' {
        $deep = New-Item -ItemType Directory "$TestDrive/$('d' * 60)/$('e' * 60)"
        $before = [Environment]::CurrentDirectory
        try {
            Set-Location $deep
            [Environment]::CurrentDirectory = "$deep"
            (Start-VhostServer sw0 ./deep.sock).State | Should -Be Listening
            "$deep/deep.sock" | Should -Exist
            Stop-VhostServer sw0
        } finally {
            [Environment]::CurrentDirectory = $before
            Set-Location $TestDrive
        }
    }

    It 'does nothing with -WhatIf' {
        Start-VhostServer sw0 ./wi.sock -WhatIf
        './wi.sock' | Should -Not -Exist
        Start-VhostServer sw0 ./wi.sock | Out-Null
        Stop-VhostServer sw0 -WhatIf
        (Get-VhostServer).Name | Should -Be sw0
    }

    It 'stops by pattern, handle and photograph' {
        $a, $null = 'a', 'b1', 'b2', 'c' | ForEach-Object { Start-VhostServer $_ "./$_.sock" }
        Stop-VhostServer b*
        $a | Stop-VhostServer
        (Get-VhostServer c | Stop-VhostServer -PassThru).State | Should -Be Stopped
        $a.State | Should -Be Stopped
        Get-VhostServer | Should -BeNullOrEmpty
        Get-ChildItem *.sock | Should -BeNullOrEmpty
    }
}

Describe 'Connect- and Disconnect-VhostClient' {
    AfterEach {
        Get-VhostClient | Disconnect-VhostClient
        Get-VhostServer | Stop-VhostServer
        Get-VhostSharedRegion | Remove-VhostSharedRegion
    }

    BeforeEach {
        $region = New-VhostSharedRegion lab 32MB
        Start-VhostServer sw0 ./c.sock -Mode Echo | Out-Null
    }

    It 'takes regions by name and by handle, several at once' {
        New-VhostSharedRegion second 4MB | Out-Null
        (Connect-VhostClient vm0 ./c.sock $region, second).RegionNames | Should -Be 'lab', 'second'
        (Get-VhostServer sw0).Regions | Should -HaveCount 2
    }

    It 'leaves out features that are excluded' {
        (Connect-VhostClient vm0 ./c.sock lab -ExcludeFeature EventIdx, MrgRxbuf).Features | Should -Not -Contain EventIdx
    }

    It 'waits with -Retry for a back-end that comes later' {
        $job = Start-ThreadJob { Import-Module $using:PSScriptRoot/../../out/VhostUser; Start-Sleep 0.5; Start-VhostServer late $using:TestDrive/late.sock }
        (Connect-VhostClient vm0 ./late.sock lab -Retry -Timeout 10).State | Should -Be Running
        $job | Receive-Job -Wait -AutoRemoveJob | Out-Null
    }

    It 'reports <Id> for <Case>' -ForEach @(
        @{ Case = 'nobody at the path'; Id = 'PeerNotListening'; Try = { Connect-VhostClient vm0 ./none.sock lab -ErrorAction Stop } }
        @{ Case = 'a region that is not there'; Id = 'HandleNotFound'; Try = { Connect-VhostClient vm0 ./c.sock nope -ErrorAction Stop } }
        @{ Case = 'a region that is too small'; Id = 'RegionTooSmall'; Try = { $null = New-VhostSharedRegion tiny 64KB; Connect-VhostClient vm0 ./c.sock tiny -ErrorAction Stop } }
        @{ Case = 'a ring size that is no power of two'; Id = 'RingSizeInvalid'; Try = { Connect-VhostClient vm0 ./c.sock lab -QueueSize 100 -ErrorAction Stop } }
        @{ Case = 'a feature that the back-end lacks'; Id = 'FeatureMissing'; Try = { Connect-VhostClient vm0 ./c.sock lab -Feature SrIov -ErrorAction Stop } }
        @{ Case = 'a name in use'; Id = 'NameInUse'; Try = { $null = Connect-VhostClient vm0 ./c.sock lab; Connect-VhostClient vm0 ./c.sock lab -ErrorAction Stop } }
    ) {
        $Try | Should -Throw -ErrorId "$Id,$client"
        # What failed has given its memory back.
        Get-VhostClient | Disconnect-VhostClient
        (Get-VhostSharedRegion lab).Clients | Should -BeNullOrEmpty
    }

    It 'a region in use is removed only with -Force' {
        Connect-VhostClient vm0 ./c.sock lab | Out-Null
        { Remove-VhostSharedRegion lab -ErrorAction Stop } | Should -Throw -ErrorId 'RegionInUse,*'
        Remove-VhostSharedRegion lab -Force
        Get-VhostClient | Should -BeNullOrEmpty
    }

    It 'disconnects by photograph and gives the memory back' {
        Connect-VhostClient vm0 ./c.sock lab | Out-Null
        Get-VhostClient | Disconnect-VhostClient -WhatIf
        (Get-VhostClient vm0).State | Should -Be Running
        (Get-VhostClient | Disconnect-VhostClient -PassThru).State | Should -Be Stopped
        (Get-VhostSharedRegion lab).Used | Should -Be 0
    }
}
