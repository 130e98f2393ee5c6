# What one cmdlet promises, every other one keeps; with the real engine. New cmdlets are held to it by themselves.
BeforeDiscovery {
    $module = Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser") -PassThru
    $commands = @($module.ExportedCmdlets.Values)
    $handles = foreach ($command in $commands) {
        foreach ($parameter in $command.Parameters.Values) {
            $type = $parameter.ParameterType.IsArray ? $parameter.ParameterType.GetElementType() : $parameter.ParameterType
            if ($type.BaseType.Name -eq 'HandleArgument`1') { @{ Command = $command.Name; Parameter = $parameter.Name; Kind = $type.Name -replace 'Argument' } }
        }
    }
    # Those that take their object from the pipeline by a name of it.
    $piped = $commands | Where-Object { $_.Verb -in 'Get', 'Stop', 'Disconnect', 'Remove' -and ($_.Parameters['Name']?.Attributes.ValueFromPipeline -contains $true) }
}

BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1"
    $null = New-VhostBridge 'odd name'
    $null = New-VhostBridge br0
    $null = Start-VringCapture -Name cap0 -InputObject sw0 -Path "$TestDrive/live.pcapng"
    Set-Content "$TestDrive/lab0.psd1" "@{ Name = 'lab0'; Servers = @{ lab0sw = @{ Path = './lab0.sock' } } }"
    $null = Start-VhostLab "$TestDrive/lab0.psd1"
    $noFabric = -not (Get-ChildItem /usr/lib, /usr/lib64 -Filter libfabric.so.1 -Recurse -Depth 1 -ErrorAction Ignore)
    if (-not $noFabric) { $null = New-IbTransport link0 -Bridge br0 -Listen 127.0.0.1 -Port 0 }
    $live = @{ Lab = 'lab0'; Transport = 'link0'; Server = 'sw0'; Client = 'vm0'; Region = 'lab'; Bridge = 'br0'; Capture = 'cap0' }
    function Get-Completion([string] $Text) { (TabExpansion2 $Text $Text.Length).CompletionMatches }
}
AfterAll {
    Get-VringCapture | Stop-VringCapture
    Get-IbTransport | Remove-IbTransport
    Get-VhostLab | Stop-VhostLab
    Get-VhostBridge | Remove-VhostBridge
    Get-VhostClient | Disconnect-VhostClient
    Get-VhostServer | Stop-VhostServer
    Get-VhostSharedRegion | Remove-VhostSharedRegion
}

Describe 'Completion' {
    It 'of <Command> -<Parameter> knows what lives' -ForEach $handles {
        if ($Kind -eq 'Transport' -and $noFabric) { Set-ItResult -Skipped -Because 'libfabric is not installed: ./build.sh peers' }
        $live[$Kind] | Should -Not -BeNullOrEmpty -Because "this test has to know a live $Kind"
        (Get-Completion "$Command -$Parameter ").CompletionText | Should -Contain $live[$Kind]
    }

    It 'puts a name with a blank in quotes' { (Get-Completion 'Get-VhostBridge odd').CompletionText | Should -Be "'odd name'" }

    It 'of <Text> has <Some>' -ForEach @(
        @{ Text = 'Send-VringPacket vm0 -Queue '; Some = '1' }, @{ Text = 'Receive-VringPacket vm0 -Queue '; Some = '0' }
        @{ Text = 'Start-VhostServer a ./a.sock -Mode '; Some = 'Echo' }, @{ Text = 'Connect-VhostClient a ./a.sock lab -Feature '; Some = 'RingPacked' }
        @{ Text = 'Wait-VhostServer sw0 -State '; Some = 'Running' }, @{ Text = 'Send-VhostRequest vm0 -Request Get'; Some = 'GetFeatures' }
        @{ Text = 'New-VhostBridge b -Port '; Some = 'sw0' }, @{ Text = 'Compare-VhostFeature '; Some = 'Qemu' }
    ) {
        (Get-Completion $Text).CompletionText | Should -Contain $Some
    }

    It 'of -Path has the sockets of live servers, sockets that others listen on, and folders' {
        $path = (Get-VhostServer sw0).Path
        (Get-Completion 'Connect-VhostClient a -Path ').CompletionText | Should -Contain $path
        (Get-Completion 'Send-VhostRequest -Path /pro').ListItemText | Should -Contain 'proc'
        $other = [System.Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        try {
            $other.Bind([System.Net.Sockets.UnixDomainSocketEndPoint]::new("$TestDrive/foreign.sock"))
            $other.Listen(1)
            (Get-Completion "Connect-VhostClient a -Path $TestDrive/for").CompletionText | Should -Be "$TestDrive/foreign.sock"
        } finally {
            $other.Dispose()
        }
    }
}

Describe 'Errors' {
    It 'of <Command> -<Parameter> for what is not there go on with the next, name the target, and advise' -ForEach ($handles | Where-Object { $_.Command -in $piped.Name -and $_.Parameter -eq 'Name' }) {
        $failed = @()
        $null = 'nobody1', 'nobody2' | & $Command -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.Count | Should -Be 2 -Because 'an error of one record does not end the others'
        foreach ($record in $failed) {
            $record.FullyQualifiedErrorId | Should -BeLike 'HandleNotFound,VhostUser.Commands.*'
            "$($record.CategoryInfo.Category)" | Should -Be ObjectNotFound
            $record.TargetObject | Should -BeLike 'nobody?'
            $record.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        }
    }

    It 'are terminating only in Measure-VringThroughput and Send-VringPacket' {
        # A full ring ends the pipeline: each packet after it would wait as long. So does a -Compare that is not there: each record would meet it.
        $sources = Get-ChildItem "$PSScriptRoot/../../src/VhostUser.PowerShell" -Recurse -Filter *.cs | Where-Object { Select-String -Path $_ -Pattern 'ThrowTerminatingError' -Quiet }
        $sources.Name | Sort-Object | Should -Be 'MeasureVringThroughputCommand.cs', 'SendVringPacketCommand.cs'
    }
}

Describe 'Wildcards and objects' {
    It '<_> takes a pattern that fits none without an error, and one that fits all' -ForEach ($commands | Where-Object { $_.Verb -eq 'Get' -and $_.Parameters['Name']?.ParameterType.Name -like '*Argument*' }).Name {
        $failed = @()
        & $_ 'no*thing' -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed.Count | Should -Be 0
    }

    It 'a handle, its photograph and its name mean the same' {
        $server = Start-VhostServer trio "$TestDrive/trio.sock"
        (Get-VhostServer $server).HandleId, (Get-VhostServer (Get-VhostServer trio)).HandleId, (Get-VhostServer TRIO).HandleId | Should -Be $server.HandleId, $server.HandleId, $server.HandleId
        [pscustomobject] @{ Name = 'trio' } | Stop-VhostServer -PassThru | ForEach-Object Name | Should -Be trio
    }
}

Describe '-WhatIf' {
    It 'of <_> exists, and -Confirm' -ForEach ($commands | Where-Object {
            $_.Verb -in 'New', 'Add', 'Remove', 'Set', 'Start', 'Stop', 'Connect', 'Disconnect', 'Export' -and $_.Name -notin 'New-VhostPacket', 'New-IbKey' # they make values
        }).Name {
        (Get-Command $_).Parameters.Keys | Should -Contain WhatIf
        (Get-Command $_).Parameters.Keys | Should -Contain Confirm
    }
}

Describe 'Colours' {
    BeforeAll { $script = Get-Command script -ErrorAction Ignore }

    It 'are there on a terminal, and not in a pipe' {
        $command = "Import-Module '$(Resolve-Path "$PSScriptRoot/../../out/VhostUser")'; `$null = New-VhostSharedRegion lab 16MB; `$null = Start-VhostServer sw0 '$TestDrive/c.sock'; " +
            "`$null = Connect-VhostClient vm0 '$TestDrive/c.sock' lab; Get-VhostServer; Get-VringState vm0 | Format-Table"
        if (-not $script) { Set-ItResult -Skipped -Because 'script (util-linux), which gives a program a terminal, is not installed' }
        $before = $env:NO_COLOR, $env:TERM
        try {
            $env:NO_COLOR = $null
            $env:TERM = 'xterm-256color'
            Set-Content "$TestDrive/colour.ps1" $command
            $terminal = (& script -qec "pwsh -NoProfile -NonInteractive -File '$TestDrive/colour.ps1'" /dev/null) -join "`n"
            $terminal | Should -Match '\e\[32mRunning'
            $terminal | Should -Match '\e\[32mok'
            $pipe = (& pwsh -NoProfile -NonInteractive -File "$TestDrive/colour.ps1") -join "`n"
            $pipe | Should -Match 'sw0 +Running'
            $pipe | Should -Not -Match '\e\[3\dm(Running|ok)'
        } finally {
            $env:NO_COLOR, $env:TERM = $before
        }
    }
}
