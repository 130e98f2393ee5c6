# Labs on several hosts: sessions over SSH, on this machine's loopback; and what becomes of outputs on their way.
BeforeDiscovery {
    . "$PSScriptRoot/Sshd.Setup.ps1"
    $obstacle = Get-SshdObstacle
    $module = Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser") -PassThru
    # Every parameter of every cmdlet that takes a handle.
    $handles = foreach ($command in $module.ExportedCmdlets.Values) {
        foreach ($parameter in $command.Parameters.Values) {
            $type = $parameter.ParameterType.IsArray ? $parameter.ParameterType.GetElementType() : $parameter.ParameterType
            if ($type.BaseType.Name -eq 'HandleArgument`1') { @{ Command = $command.Name; Parameter = $parameter.Name; Type = $type } }
        }
    }
}

BeforeAll {
    $root = Resolve-Path "$PSScriptRoot/../.."
    Import-Module "$root/out/VhostUser"
    function Copy-ThroughSerializer($Value) { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($Value)) }
}

Describe 'Outputs that travel' {
    BeforeAll {
        . "$PSScriptRoot/Traffic.Setup.ps1"
        $null = New-VhostBridge br0
        New-VhostPacket -Payload hello | Send-VringPacket vm0
        $packet = Receive-VringPacket vm0 -Count 1 -Timeout 20
        $shown = @{
            Server = Get-VhostServer sw0; Client = Get-VhostClient vm0; Region = Get-VhostSharedRegion lab; Bridge = Get-VhostBridge br0
            Ring = Get-VringState -Client vm0 -Queue 0; Received = $packet; Packet = New-VhostPacket; Throughput = Measure-VringThroughput vm0 -Duration 0.1
        }
    }
    AfterAll {
        Remove-VhostBridge br0
        Disconnect-VhostClient vm0
        Stop-VhostServer sw0
        Remove-VhostSharedRegion lab
    }

    It '<_> keeps its values as a flat record' -ForEach 'Server', 'Client', 'Region', 'Bridge', 'Ring', 'Received', 'Packet', 'Throughput' {
        $original = $shown[$_]
        $copy = Copy-ThroughSerializer $original
        $copy.PSTypeNames[0] | Should -Be "Deserialized.$($original.GetType().FullName)"
        $compared = 0
        foreach ($property in $original.PSObject.Properties) {
            $value = $property.Value
            if ($null -eq $value) { continue }
            $there = $copy.($property.Name)
            if ($value -is [string] -or $value -is [guid] -or $value -is [timespan] -or $value.GetType().IsPrimitive) { $there | Should -Be $value -Because $property.Name }
            elseif ($value -is [enum]) { "$there" | Should -Be "$value" -Because $property.Name }
            elseif ($value -is [string[]]) { @($there) | Should -Be $value -Because $property.Name }
            else { continue }
            $compared++
        }
        $compared | Should -BeGreaterOrEqual 3
    }

    It 'the copy of a live handle keeps the values of its photograph' {
        $copy = Copy-ThroughSerializer ([VhostUser.Endpoints.VhostServer[]] @(Start-VhostServer live0 "$TestDrive/live.sock"))[0]
        $copy.Name, "$($copy.State)" | Should -Be 'live0', 'Listening'
        $copy.OwnerProcessId | Should -Be $PID
        Stop-VhostServer live0
    }
}

Describe 'A copy that is passed back' {
    It 'is refused by <Command> -<Parameter> with the remedy' -ForEach $handles {
        $kind = $Type.Name -replace 'Argument'
        $name = @{ Server = 'VhostUser.Endpoints.VhostServerInfo'; Client = 'VhostUser.Endpoints.VhostClientInfo'; Region = 'VhostUser.Memory.SharedRegionInfo'; Bridge = 'VhostUser.Endpoints.VhostBridgeInfo'; Capture = 'VhostUser.Endpoints.VhostCaptureInfo'; Lab = 'VhostUser.Labs.VhostLabInfo'; Transport = 'VhostUser.Endpoints.IbTransportInfo' }[$kind]
        $name | Should -Not -BeNullOrEmpty -Because "a $kind has to have a photograph that this test knows"
        $copy = [pscustomobject] @{ Name = 'far0'; OwnerProcessId = 4711 }
        $copy.PSTypeNames.Insert(0, "Deserialized.$name")
        $argument = $Type::new([psobject] $copy)
        $resolve = $Type.GetMethod('ResolveAll', [System.Reflection.BindingFlags] 'Instance, NonPublic')
        $thrown = try { $resolve.Invoke($argument, $null) } catch { $_.Exception.GetBaseException() }
        "$($thrown.Error)" | Should -Be HandleFromAnotherProcess
        $thrown.Message | Should -BeLike "*'far0'*process 4711*"
        $thrown.RecommendedAction | Should -BeLike '*Invoke-Command*'
    }
}

Describe 'Sessions over SSH' -Skip:([bool] $obstacle) {
    BeforeAll {
        . "$PSScriptRoot/Sshd.Setup.ps1"
        $folder = "$([IO.Path]::GetTempPath())vhost-sshd-$PID"
        $sshd = Start-Sshd $folder
        $connection = $sshd.Connection
    }
    AfterAll {
        Get-PSSession | Remove-PSSession
        Stop-Sshd $sshd
        Remove-Item -Recurse $folder
    }

    It 'run the lab of two hosts from the example' {
        $lines = & "$root/examples/TwoHostLab.ps1" -Connection $sshd.Connection, $sshd.Connection
        @($lines -like 'host B got: *UDP 6 bytes').Count | Should -Be 5
        @($lines -like '*server sw0 in process * received * packets').Count | Should -Be 2
        Get-PSSession | Should -BeNullOrEmpty
    }

    It 'keep handles: a copy is refused with the remedy, the name works there' {
        $session = New-PSSession @connection
        $copy = Invoke-Command $session -ArgumentList "$root/out/VhostUser", "$TestDrive/far.sock" {
            param($module, $path)
            Import-Module $module
            Start-VhostServer far0 $path
        }
        $copy.PSComputerName | Should -Be '127.0.0.1'
        $copy | Stop-VhostServer -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'HandleFromAnotherProcess,*'
        $failed[0].ErrorDetails.RecommendedAction | Should -BeLike '*Invoke-Command -Session*far0*'
        Invoke-Command $session { Stop-VhostServer far0 -PassThru } | ForEach-Object { "$($_.State)" } | Should -Be Stopped
        Remove-PSSession $session
    }

    It 'fan out, and leave no socket when they end' {
        $sessions = 1..3 | ForEach-Object { New-PSSession @connection }
        $rows = Invoke-Command $sessions -ArgumentList "$root/out/VhostUser", "$TestDrive" {
            param($module, $folder)
            Import-Module $module
            $null = Start-VhostServer sw0 "$folder/fan-$PID.sock"
            Get-VhostServer
        }
        ($rows.OwnerProcessId | Sort-Object -Unique).Count | Should -Be 3
        (Get-ChildItem "$TestDrive/fan-*.sock").Count | Should -Be 3
        $sessions | Remove-PSSession
        $deadline = [datetime]::UtcNow.AddSeconds(30)
        while ((Get-ChildItem "$TestDrive/fan-*.sock") -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 100 }
        Get-ChildItem "$TestDrive/fan-*.sock" | Should -BeNullOrEmpty
    }
}

if ($obstacle) {
    Describe 'SSH' {
        It 'is there' -ForEach @{ Obstacle = $obstacle } { Set-ItResult -Skipped -Because $Obstacle }
    }
}
