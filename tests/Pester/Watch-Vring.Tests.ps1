BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
}
AfterAll {
    Remove-Module VhostUser
}

Describe 'Watch-Vring' {
    It 'writes a plain line for each ring and frame where nobody sees a picture' {
        $lines = @(Watch-Vring vm0, sw0 -Count 2 -Interval 0.1)
        $lines.Count | Should -Be 8
        $lines[0] | Should -Match '^\d\d:\d\d:\d\d\.\d{3} vm0 ring 0 RX: size 256, available 0, in flight 256, used 0, '
        $lines | Should -Not -Match '\e'
    }

    It 'takes names, patterns, objects and the pipeline' {
        @(Watch-Vring -Client vm* -Count 1).Count | Should -Be 2
        @(Get-VhostServer | Watch-Vring -Count 1).Count | Should -Be 2
        @(Watch-Vring -Count 1).Count | Should -Be 4
    }

    It 'ends when the pipeline has enough' {
        @(Watch-Vring vm0 -Interval 0.1 | Select-Object -First 3).Count | Should -Be 3
    }

    It 'refuses more than ten frames a second' {
        { Watch-Vring vm0 -Interval 0.01 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*'
    }

    It 'draws in a real terminal, ends on q, and gives cursor and screen back' -Skip:(-not (Get-Command tmux -ErrorAction Ignore)) {
        $tmux = 'tmux', '-S', "$TestDrive/tmux", '-f', '/dev/null'
        function Invoke-Tmux { & $tmux[0] $tmux[1..4] @args }
        function Wait-Screen([string] $Pattern) {
            $deadline = [datetime]::Now.AddSeconds(60)
            do {
                Start-Sleep -Milliseconds 200
                $screen = (Invoke-Tmux capture-pane -p) -join "`n"
            } until ($screen -match $Pattern -or [datetime]::Now -gt $deadline)
            $screen | Should -Match $Pattern
        }
        $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
        Set-Content "$TestDrive/profile.ps1" "Import-Module '$module'; `$null = Start-VhostServer live0 '$TestDrive/live.sock'; 'ready'"
        Invoke-Tmux new-session -d -x 110 -y 30 "$([Environment]::ProcessPath) -NoProfile -NoExit -File '$TestDrive/profile.ps1'"
        try {
            Wait-Screen 'ready[\s\S]*PS '
            Invoke-Tmux send-keys 'Watch-Vring -Interval 0.2' Enter
            Wait-Screen 'q ends[\s\S]*live0  server, Sink, Listening[\s\S]*no front-end is connected'
            Invoke-Tmux display -p '#{alternate_on} #{cursor_flag}' | Should -Be '1 0'
            Invoke-Tmux send-keys q
            Wait-Screen 'ready[\s\S]*live0  server[\s\S]*PS [^\n]*\s*$'
            Invoke-Tmux display -p '#{alternate_on} #{cursor_flag}' | Should -Be '0 1'
            Invoke-Tmux send-keys 'Watch-Vring live0' Enter
            Wait-Screen 'frame [2-9]'
            Invoke-Tmux send-keys C-c
            Wait-Screen 'PS [^\n]*\s*$'
            Invoke-Tmux display -p '#{alternate_on} #{cursor_flag}' | Should -Be '0 1'
        } finally {
            Invoke-Tmux kill-server
        }
    }
}
