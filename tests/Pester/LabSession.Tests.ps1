BeforeDiscovery {
    $sshd = Get-Command sshd, /usr/sbin/sshd -ErrorAction Ignore | Select-Object -First 1
    $canConnect = $sshd -and (Get-Command ssh, ssh-keygen -ErrorAction Ignore).Count -eq 2 -and (id -u) -eq 0
    if (-not $canConnect) { Write-Warning 'No sshd that this user may start (as root: apt-get install openssh-server): labs of several hosts are not tested.' }
}

Describe 'A lab of two hosts, over SSH' -Skip:(-not $canConnect) -ForEach @{ Sshd = $sshd.Source } {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../out/VhostUser/VhostUser.psd1" -Force
        # An sshd of this test's own, on loopback: two sessions to it stand for two hosts.
        $folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-ssh-$PID"
        chmod 700 $folder
        ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
        ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
        Copy-Item "$folder/user.pub" "$folder/authorized"
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $null = New-Item -ItemType Directory /run/sshd -Force
        Set-Content "$folder/config" @"
Port $port
ListenAddress 127.0.0.1
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile $folder/pid
Subsystem powershell $([Environment]::ProcessPath) -sshs -NoLogo -NoProfile
"@
        $server = Start-Process $Sshd -ArgumentList '-D', '-e', '-f', "$folder/config" -PassThru -RedirectStandardError "$folder/log"
        $deadline = [datetime]::Now.AddSeconds(20)
        while ([datetime]::Now -lt $deadline -and (Get-Content "$folder/log" -ErrorAction Ignore) -notmatch 'Server listening') { Start-Sleep -Milliseconds 100 }
        $connection = @{ HostName = '127.0.0.1'; Port = $port; UserName = 'root'; KeyFilePath = "$folder/user"; Options = @{ StrictHostKeyChecking = 'no'; UserKnownHostsFile = '/dev/null'; LogLevel = 'ERROR' } }
        $sessions = 'left', 'right' | ForEach-Object { New-PSSession @connection -Name $_ }
        $module = "$(Resolve-Path "$PSScriptRoot/../../out/VhostUser")"
        Invoke-Command $sessions { Import-Module $using:module }
        Set-Content "$TestDrive/two.psd1" @"
@{
    Hosts   = @{ left = @{ HostName = 'node1' }; right = @{ HostName = 'node2' } }
    Regions = @{ mem = @{ Size = 16MB } }
    Servers = @{ sw0 = @{ Host = 'left'; Path = 'sw0.sock'; Mode = 'Echo' }; sw1 = @{ Host = 'right'; Path = 'sw1.sock' } }
    Clients = @{ vm1 = @{ Host = 'right'; Server = 'sw1'; Region = 'mem' } }
}
"@
    }
    AfterAll {
        if ($sessions) { Remove-PSSession $sessions }
        if ($server) { Stop-Process -Id $server.Id }
        if ($folder) { Remove-Item -Recurse $folder }
        Remove-Module VhostUser
    }

    It 'has each part made in the session of its host, and kept when run again' {
        $steps = Start-VhostLab "$TestDrive/two.psd1" -Session $sessions -Folder $folder
        ($steps | Group-Object PSComputerName).Count | Should -Be 5
        $steps | ForEach-Object { "$($_.Action) $($_.Kind) $($_.Name)" } | Should -Be 'Make Region mem', 'Make Server sw0', 'Make Region mem', 'Make Server sw1', 'Make Client vm1'
        (Start-VhostLab "$TestDrive/two.psd1" -Session $sessions -Folder $folder).Action | Select-Object -Unique | Should -Be Keep
        Invoke-Command $sessions[1] { (Get-VhostClient vm1).State.ToString() } | Should -Be Running
        Invoke-Command $sessions[0] { @(Get-VhostServer).Name } | Should -Be sw0
        Get-VhostServer | Should -BeNullOrEmpty
    }

    It 'is shown with -WhatIf and taken down' {
        Stop-VhostLab two -Session $sessions -WhatIf
        Invoke-Command $sessions[1] { @(Get-VhostServer).Count } | Should -Be 1
        (Stop-VhostLab two -Session $sessions -PassThru).Count | Should -Be 2
        Invoke-Command $sessions { @(Get-VhostServer).Count + @(Get-VhostSharedRegion).Count } | Should -Be 0, 0
    }

    It 'needs a session for each host' {
        { Start-VhostLab "$TestDrive/two.psd1" -Session $sessions[0] -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage "*'right' of lab 'two' has no session*"
    }
}
