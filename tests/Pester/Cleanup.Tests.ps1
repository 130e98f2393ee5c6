# What is left behind when a session ends well or badly. Each runs in a pwsh of its own; the machine's hugepages are counted where only
# that process can hold them: in its own maps.
BeforeAll {
    $module = Resolve-Path "$PSScriptRoot/../../out/VhostUser"
    $lab = @'
        $null = New-VhostSharedRegion lab 16MB
        $null = New-VhostSharedRegion named 1MB -Backing Shm -Path $shm
        $null = New-VhostSharedRegion filed 1MB -Backing File -Path ./region.bin
        $null = Start-VhostServer sw0 ./a.sock -Mode Echo
        $null = Start-VhostServer sw1 ./b.sock -OnPacket { param($packet) $packet }
        $null = New-VhostBridge br0 -Port sw0
        $null = Connect-VhostClient vm0 ./a.sock lab
        $null = Connect-VhostClient vm1 ./wait.sock lab -Listen -Timeout 0.2 -ErrorAction Ignore
        $null = Register-ObjectEvent (Connect-VhostClient vm2 ./b.sock lab) PacketReceived
'@
    function Invoke-Child([string] $Script) {
        $shm = "vhost-clean-$([guid]::NewGuid().ToString('n'))"
        $folder = New-Item -ItemType Directory "$TestDrive/$shm"
        $preamble = @"
            `$ErrorActionPreference = 'Stop'; `$shm = '$shm'
            Import-Module '$module'; Set-Location '$folder'
            function Get-Kept { @(Get-ChildItem /proc/self/fd | Where-Object { (`$_.LinkTarget ?? '') -match 'memfd:|socket:|eventfd|eventpoll|/dev/shm/|region.bin' }).Count }
            function Get-Mapped { @(Get-Content /proc/self/maps | Where-Object { `$_ -match '/memfd:|/dev/shm/vhost|region.bin|hugepage' -and `$_ -notmatch 'doublemapper' }).Count }
            function Get-VhostThread { @(Get-ChildItem /proc/self/task | Where-Object { (Get-Content "`$_/comm" -ErrorAction Ignore) -like 'vhost*' }).Count }
"@
        @{
            Output = & pwsh -NoProfile -NonInteractive -Command "$preamble; $Script" 2>&1
            Code   = $LASTEXITCODE
            Files  = @((Get-ChildItem $folder).Name) + @(if (Test-Path "/dev/shm/$shm") { $shm })
        }
    }
}

Describe 'What a session leaves behind' {
    It 'is nothing after Remove-Module: no descriptor, mapping, thread, socket, file or name' {
        $child = Invoke-Child "`$kept = Get-Kept; `$mapped = Get-Mapped; $lab; `$live = Get-Kept; `$threads = Get-VhostThread; Remove-Module VhostUser; '{0} {1} {2} {3} {4}' -f (`$live -gt `$kept), (`$threads -ge 3), ((Get-Kept) - `$kept), ((Get-Mapped) - `$mapped), (Get-VhostThread)"
        $child.Output | Should -Be 'True True 0 0 0'
        $child.Files | Should -BeNullOrEmpty
    }

    It 'is nothing after <End>' -ForEach @(
        @{ End = 'the last line'; Script = "'end'" }
        @{ End = 'exit 3'; Script = 'exit 3'; Code = 3 }
        @{ End = 'an error that nobody catches'; Script = "throw 'crash'"; Code = 1 }
        @{ End = 'a pipeline that crashes in its middle'; Script = "New-VhostPacket -Count 100 | ForEach-Object { if (++`$n -eq 50) { throw 'crash' }; `$_ } | Send-VringPacket vm0"; Code = 1 }
        @{ End = 'Environment.Exit'; Script = '[Environment]::Exit(4)'; Code = 4 }
    ) {
        $child = Invoke-Child "$lab; $Script"
        $child.Code | Should -Be ($Code ?? 0) -Because "$($child.Output)"
        $child.Files | Should -BeNullOrEmpty
    }

    It 'is no hugepage after Remove-VhostSharedRegion and Remove-Module' {
        $free = [int] (Select-String -Path /proc/meminfo -Pattern '^HugePages_Free: +(\d+)').Matches[0].Groups[1].Value
        if ($free -lt 4) { Set-ItResult -Skipped -Because "$free hugepages are free: sudo ./build.sh peers reserves some" }
        $child = Invoke-Child @'
            function Get-Huge { @(Get-Content /proc/self/maps | Where-Object { $_ -match 'memfd:' -and $_ -notmatch 'doublemapper' }).Count }
            $before = Get-Huge # the runtime has a memfd of its own
            $null = New-VhostSharedRegion a 2MB -HugePage 2MB; $null = New-VhostSharedRegion b 2MB -HugePage 2MB
            $live = Get-Huge
            Remove-VhostSharedRegion a; $one = Get-Huge
            Remove-Module VhostUser
            '{0} {1} {2}' -f ($live - $before), ($one - $before), ((Get-Huge) - $before)
'@
        $child.Output | Should -Be '2 1 0'
    }

    It 'is nothing of connections that failed' {
        $child = Invoke-Child @'
            $null = New-VhostSharedRegion lab 16MB
            $null = Start-VhostServer sw0 ./a.sock -QueuePairs 1
            Connect-VhostClient warm ./a.sock lab -QueuePairs 2 -ErrorAction Ignore
            $kept = Get-Kept
            1..10 | ForEach-Object {
                Connect-VhostClient "vm$_" ./a.sock lab -QueuePairs 2 -ErrorAction Ignore
                Connect-VhostClient "vm$_" ./nobody.sock lab -ErrorAction Ignore
            }
            $deadline = [datetime]::UtcNow.AddSeconds(20)
            while ((Get-Kept) -gt $kept -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
            '{0} {1} {2}' -f ((Get-Kept) - $kept), @(Get-VhostClient).Count, (Get-VhostSharedRegion lab).Used
'@
        $child.Output | Should -Be '0 0 0'
    }
}
