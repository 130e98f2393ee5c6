# Runs the examples of the help pages. Comments below an example's heading say what the runner has to know:
#   <!-- setup: COMMANDS -->    what must be there before, instead of the bench below; New-Bench and New-LinkBench make one
#   <!-- not run: REASON -->    it can't run unattended, or needs what a test machine lacks
#   <!-- error: ID -->          it shows this error
# Without a comment, the example finds a bench: region lab, echo server sw0 at ./lab.sock, client vm0; less what it makes itself.
BeforeDiscovery {
    $examples = foreach ($page in Get-ChildItem "$PSScriptRoot/../../docs/en-US" -Filter '*-*.md') {
        $text = (Get-Content -Raw $page) -replace '(?s)^.*?\n## EXAMPLES\n' -replace '(?s)\n## PARAMETERS\n.*'
        foreach ($part in $text -split '(?m)^### ' | Select-Object -Skip 1) {
            @{
                Page    = $page.BaseName
                Title   = ($part -split '\n')[0].Trim()
                Code    = [regex]::Matches($part, '(?ms)^```powershell\n(.*?)^```').ForEach{ $_.Groups[1].Value } -join "`n"
                Output  = [regex]::Matches($part, '(?ms)^```Output\n(.*?)^```').ForEach{ $_.Groups[1].Value } -join "`n"
                Setup   = [regex]::Match($part, '(?s)<!-- setup: (.*?) -->').Groups[1].Value
                NotRun  = [regex]::Match($part, '<!-- not run: (.*?) -->').Groups[1].Value
                ErrorId = [regex]::Match($part, '<!-- error: (.*?) -->').Groups[1].Value
            }
        }
    }
}

BeforeAll {
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser")

    # The arguments of the commands in a script that make what the bench has: the name, and the path if there is one.
    function Find-Maker([string] $Code, [string] $Command) {
        $tree = [System.Management.Automation.Language.Parser]::ParseInput($Code, [ref] $null, [ref] $null)
        $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] -and $args[0].GetCommandName() -eq $Command }, $true) | ForEach-Object {
            , @($_.CommandElements | Select-Object -Skip 1 | Where-Object { $_ -isnot [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { "$_".Trim("'") })
        }
    }

    function New-Bench([string] $Code) {
        if ((Find-Maker $Code New-VhostSharedRegion) | Where-Object { $_ -contains 'lab' }) { return }
        $null = New-VhostSharedRegion lab 64MB
        if ((Find-Maker $Code Start-VhostServer) | Where-Object { $_ -contains 'sw0' }) { return }
        $client = (Find-Maker $Code Connect-VhostClient) | Where-Object { $_ -contains 'vm0' }
        $path = $client -like '*.sock' | Select-Object -First 1
        $null = Start-VhostServer sw0 ($path ? $path : './lab.sock') -Mode Echo
        if (-not $client) { $null = Connect-VhostClient vm0 ./lab.sock lab }
    }

    function New-LinkBench {
        foreach ($server in 'sw0', 'sw1') { $null = Start-VhostServer $server "./$server.sock" }
        $null = New-IbTransport ab -Server sw0 -Listen 127.0.0.1
        $null = New-IbTransport ba -Server sw1 -Connect 127.0.0.1
        foreach ($i in 1..300) { if (-not (Get-IbTransport | Where-Object State -ne Up)) { return }; Start-Sleep -Milliseconds 100 }
        throw 'The link did not come up.'
    }

    $noFabric = -not (Get-ChildItem /usr/lib, /usr/lib64 -Filter libfabric.so.1 -Recurse -Depth 1 -ErrorAction Ignore)

    function Remove-Bench {
        Get-EventSubscriber | Unregister-Event
        Get-Job | Remove-Job -Force
        Get-VringCapture | Stop-VringCapture
        Get-IbTransport | Remove-IbTransport
        Get-VhostClient | Disconnect-VhostClient -Confirm:$false
        Get-VhostBridge | Remove-VhostBridge
        Get-VhostServer | Stop-VhostServer
        Get-VhostSharedRegion | Remove-VhostSharedRegion
    }

    function Get-Squeezed([string] $Text) { $Text -replace '\e\[[\d;]*m' -replace '[ \t]+', ' ' }
}

Describe 'The examples of <Page>' -ForEach ($examples | Group-Object { $_.Page } | ForEach-Object { @{ Page = $_.Name; Examples = $_.Group } }) {
    BeforeEach { Push-Location (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid().ToString('n').Substring(0, 8))") }
    AfterEach {
        Remove-Bench
        Pop-Location
    }

    It '<Title>' -ForEach $Examples {
        if ($NotRun) { Set-ItResult -Skipped -Because "the help says: $NotRun" }
        if ($noFabric -and "$Setup $Code" -match 'New-LinkBench|New-IbTransport') { Set-ItResult -Skipped -Because 'libfabric is not installed: ./build.sh peers' }
        $ErrorActionPreference = 'Stop'
        if ($Setup) { $null = . ([scriptblock]::Create($Setup)) } else { New-Bench $Code }
        if ($ErrorId) {
            $ErrorActionPreference = 'Continue'
            $written = . ([scriptblock]::Create($Code)) 2>&1
            $written | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | ForEach-Object FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
        } else {
            $written = . ([scriptblock]::Create($Code)) 4>&1 6>&1
        }
        # What -WhatIf says goes to the host alone.
        if (-not $Output -or $Output -like 'What if:*') { return }
        $text = Get-Squeezed ($written | Out-String -Width 200)
        $text.Trim() | Should -Not -BeNullOrEmpty
        # Numbers and times differ from run to run; the columns of tables do not.
        $lines = $Output -split '\n'
        foreach ($i in 1..($lines.Count)) {
            if ($lines[$i] -match '^ *-{2,}( +-+)*\s*$') { $text | Should -BeLike "*$((Get-Squeezed $lines[$i - 1]).Trim() -replace '([\[\]])', '`$1')*" }
        }
    }
}
