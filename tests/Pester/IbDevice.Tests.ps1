BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")

    # The recorded trees of the unit tests; tests/Unit/Transport/Inventory/RecordedTree.cs tells their form.
    function Expand-Tree([string] $Name) {
        $root = New-Item -ItemType Directory "$TestDrive/$Name"
        switch -Regex -File "$PSScriptRoot/../Unit/Transport/Inventory/Trees/$Name.txt" {
            '^@ (.+)' { $folder = $Matches[1] }
            '^(?<base>[^#@ ]*?)(?<first>\d+)\.\.(?<last>\d+) = (?<text>.*)' {
                foreach ($i in [int] $Matches.first..[int] $Matches.last) { $null = New-Item -Force "$root/$folder/$($Matches.base)$i" -Value $Matches.text }
            }
            '^(?<file>[^#@ .]+) = ?(?<text>.*)' { $null = New-Item -Force "$root/$folder/$($Matches.file)" -Value ($Matches.text -replace '\\n', "`n") }
        }
        $root.FullName
    }
    $mlx5 = Expand-Tree mlx5-infiniband
    $roce = Expand-Tree mlx5-roce
}

Describe 'Get-IbDevice and Get-IbPort' {
    It 'show a machine by its files' {
        (Get-IbDevice -Root $mlx5).Name | Should -Be 'mlx5_0', 'mlx5_1'
        $device = Get-IbDevice mlx5_0 -Root $mlx5
        $device.NumaNode | Should -Be 1
        $device.Usable | Should -BeTrue
        $device.Ports[0].State | Should -Be Active
        (Get-IbPort -Root $roce).Gids[3].IPv4 | Should -Be 192.0.2.10
    }

    It 'take each other from the pipeline' {
        (Get-IbDevice -Root $mlx5 | Get-IbPort -Root $mlx5).Device | Should -Be 'mlx5_0', 'mlx5_1'
        (Get-IbPort mlx5_1 -Root $mlx5 | Get-IbDevice -Root $mlx5).Name | Should -Be mlx5_1
        ('mlx5_1' | Get-IbPort -Root $mlx5).PhysicalState | Should -Be Disabled
        (Get-IbPort -Root $mlx5 | ConvertTo-Json -Depth 4 | ConvertFrom-Json | Get-IbDevice -Root $mlx5).Count | Should -Be 2
    }

    It 'say in words why a port is of no use' {
        (Get-IbPort mlx5_1 -Root $mlx5).Obstacles | Should -Match 'ibportstate|ib_ipoib'
    }

    It 'count' {
        (Get-IbPort mlx5_0 -Root $mlx5 -Counters | Where-Object Name -eq out_of_buffer).Value | Should -Be 12
        (Get-IbDevice mlx5_0 -Root $mlx5 -Counters).Count | Should -Be 30
    }

    It 'write nothing and a warning on a machine without RDMA' {
        $cloud = Expand-Tree cloud
        Get-IbDevice -Root $cloud -WarningVariable why -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        $why | Should -Match 'no Soft-RoCE.*New-IbTransport -Provider Tcp'
        { Get-IbPort mlx9 -Root $cloud -WarningAction SilentlyContinue -ErrorAction Stop } | Should -Throw -ErrorId 'HandleNotFound,*'
    }

    It 'are shown in tables of at most 100 columns' {
        $views = @(Get-IbDevice -Root $mlx5), @(Get-IbPort -Root $roce), @(Get-IbPort -Root $mlx5 -Counters)
        foreach ($view in $views) {
            $lines = $view | Out-String -Stream -Width 100 | ForEach-Object { $_ -replace '\e\[[\d;]*m' }
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
            $lines -join "`n" | Should -Match 'mlx5_'
        }
        Get-IbPort -Root $roce | Format-List | Out-String | Should -Match 'GIDs +: 0: fe80.*RoCE v1'
    }

    It 'read this machine, whatever it has' {
        $names = Get-ChildItem /sys/class/infiniband -ErrorAction Ignore | ForEach-Object Name
        (Get-IbDevice -WarningAction SilentlyContinue).Name | Should -Be $names
    }
}
