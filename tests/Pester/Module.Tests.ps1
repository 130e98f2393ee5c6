# Each test of what is left behind runs in a pwsh of its own: this one's descriptors belong to Pester too.
BeforeAll {
    $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
    $preamble = @"
        `$ErrorActionPreference = 'Stop'
        Import-Module '$module'
        Set-Location '$TestDrive'
        function Get-Kept { Get-ChildItem /proc/self/fd | Where-Object { (`$_.LinkTarget ?? '') -match 'memfd:|socket:|eventfd|eventpoll' } | ForEach-Object LinkTarget }
        function Get-VhostThread { Get-ChildItem /proc/self/task | Where-Object { (Get-Content "`$_/comm" -ErrorAction Ignore) -like 'vhost*' } }
"@
    function Invoke-Child([string] $Script) {
        & pwsh -NoProfile -NonInteractive -Command "$preamble; $Script" 2>&1
    }
}

Describe 'The module' {
    It 'has a valid manifest for PowerShell 7.6 on Core' {
        $manifest = Test-ModuleManifest "$module/VhostUser.psd1" -ErrorAction Stop
        $manifest.PowerShellVersion | Should -Be '7.6'
        $manifest.CompatiblePSEditions | Should -Be 'Core'
    }

    It 'exports exactly the cmdlets of its manifest' {
        $listed = (Import-PowerShellDataFile "$module/VhostUser.psd1").CmdletsToExport | Sort-Object
        $found = Invoke-Child '(Get-Command -Module VhostUser).Name | Sort-Object'
        $found | Should -Be $listed
    }

    It 'leaves no descriptor, thread or socket file after Remove-Module' {
        # Three threads: each server's, and the client's end of its back-end's channel.
        $result = Invoke-Child @'
            $before = @(Get-Kept).Count
            $null = New-VhostSharedRegion lab 16MB
            $null = Start-VhostServer sw0 ./left.sock -Mode Echo
            $null = Start-VhostServer scr ./left2.sock -OnPacket { param($packet) $packet }
            $null = Connect-VhostClient vm0 ./left.sock lab
            $live = @(Get-Kept).Count; $threads = @(Get-VhostThread).Count
            Remove-Module VhostUser
            '{0} {1} {2} {3} {4}' -f ($live -gt $before), $threads, (@(Get-Kept).Count - $before), @(Get-VhostThread).Count, @(Get-ChildItem *.sock).Count
'@
        $result | Should -Be 'True 3 0 0 0'
    }

    It 'can be imported again' {
        Invoke-Child "Remove-Module VhostUser; Import-Module '$module'; (New-VhostSharedRegion again 1MB).Name" | Should -Be 'again'
    }

    It 'removes socket files and named memory when the process exits' {
        Invoke-Child "`$null = Start-VhostServer sw0 ./exit.sock; `$null = New-VhostSharedRegion lab 1MB -Backing Shm -Path vhost-exit-test; (Test-Path ./exit.sock), (Test-Path /dev/shm/vhost-exit-test)" |
            Should -Be 'True', 'True'
        Test-Path "$TestDrive/exit.sock" | Should -BeFalse
        Test-Path /dev/shm/vhost-exit-test | Should -BeFalse
    }

    It 'shares its handles among the runspaces of a process, and a job that ends takes none along' {
        Invoke-Child @'
            $region = New-VhostSharedRegion lab 1MB
            1 | ForEach-Object -Parallel { Import-Module VhostUser.PowerShell -ErrorAction Ignore; ($using:region).Name }
            Start-ThreadJob { Import-Module $using:module; New-VhostSharedRegion job 1MB } -ArgumentList 1 -ErrorAction Ignore | Out-Null
'@.Replace('$using:module', "'$module'").Replace(' | Out-Null', ' | Receive-Job -Wait -AutoRemoveJob | Out-Null; (Get-VhostSharedRegion).Name') | Should -Be 'lab', 'job', 'lab'
    }
}

Describe 'Ctrl+C' {
    # An interrupt reaches the cmdlet as StopProcessing; what counts is how soon the child has ended the command.
    It 'ends <Name> within a second' -ForEach @(
        @{ Name = 'Wait-VhostServer'; Command = '$null = Start-VhostServer sw0 ./wait.sock; $started.Set(); Wait-VhostServer sw0' }
        @{ Name = 'Connect-VhostClient -Retry'; Command = '$null = New-VhostSharedRegion lab 1MB; $started.Set(); Connect-VhostClient vm0 ./nobody.sock lab -Retry -Timeout 60' }
        @{ Name = 'Connect-VhostClient -Listen'; Command = '$null = New-VhostSharedRegion lab 16MB; $started.Set(); Connect-VhostClient vm0 ./listen.sock lab -Listen -Timeout 60' }
        @{ Name = 'Wait-VhostServer on several'; Command = '$null = Start-VhostServer a ./a.sock; $null = Start-VhostServer b ./b.sock; $started.Set(); Wait-VhostServer a, b -Timeout 60' }
    ) {
        $started = [System.Threading.ManualResetEventSlim]::new()
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$module'; Set-Location '$TestDrive'").Invoke()
        $shell.Commands.Clear()
        $shell.Runspace.SessionStateProxy.SetVariable('started', $started)
        $run = $shell.AddScript($Command).BeginInvoke()
        try {
            $started.Wait(10000) | Should -BeTrue
            # Blocked now: it would not end by itself.
            $run.AsyncWaitHandle.WaitOne(300) | Should -BeFalse
            $watch = [System.Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $watch.Elapsed.TotalSeconds | Should -BeLessThan 1
            $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        } finally {
            $shell.Commands.Clear()
            $null = $shell.AddScript('Get-VhostClient | Disconnect-VhostClient; Get-VhostServer | Stop-VhostServer; Get-VhostSharedRegion | Remove-VhostSharedRegion; (Get-ChildItem *.sock).Name').Invoke() |
                Should -BeNullOrEmpty
            $shell.Dispose()
        }
    }
}
