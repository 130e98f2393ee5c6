<#
.SYNOPSIS
Builds, tests, shows and packs the module; what is done is in build.targets and the projects.
.EXAMPLE
./build.ps1 -Task Test
.EXAMPLE
./build.ps1 -Task Bench -Quick
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Pester', 'Demo', 'Bench', 'Interop', 'Publish', 'Package', 'Peers')]
    [string] $Task = 'Test',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # Bench: a run of seconds instead of minutes. Interop: the cells of a test run instead of the whole matrix.
    [switch] $Quick
)
$ErrorActionPreference = 'Stop'
$results = "$PSScriptRoot/out/TestResults"

function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { throw "dotnet $args ended with code $LASTEXITCODE" }
}

function Invoke-Target([string] $Name) {
    Invoke-DotNet msbuild build.targets -nologo '-v:minimal' '-tl:off' "-t:$Name" "-p:Configuration=$Configuration"
}

# The manifest of the newest Pester that is installed, or of the one that eng/Pester restores from NuGet; nothing without both.
function Find-Pester {
    $installed = Get-Module Pester -ListAvailable | Where-Object Version -GE '5.5' | Sort-Object Version -Descending | Select-Object -First 1
    if ($installed) { return $installed.Path }
    $env:NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT = 1
    & dotnet restore eng/Pester -v:quiet -tl:off | Out-Host
    Resolve-Path out/modules/pester/*/tools/Pester.psd1 -ErrorAction Ignore | Select-Object -Last 1 -ExpandProperty Path
}

# PowerShell in a process of its own: a module's assembly cannot be unloaded, and the next build wants to replace it.
function Invoke-FreshPwsh {
    Use-ThisPwsh
    & pwsh -NoProfile @args
}

# Makes 'pwsh' mean the PowerShell that runs this. As a .NET tool it has no executable of its own, so it gets one of two lines.
function Use-ThisPwsh {
    $folder = $PSHOME
    if (-not (Test-Path "$PSHOME/pwsh")) {
        $folder = "$PSScriptRoot/out/tools"
        $null = New-Item -ItemType Directory -Force $folder
        Set-Content "$folder/pwsh" '#!/bin/sh', "exec dotnet '$PSHOME/pwsh.dll' `"`$@`""
        & chmod +x "$folder/pwsh"
    }
    $env:PATH = "${folder}:$env:PATH"
}

# Leaves Pester.xml and Pester.exit, or the reason in Pester.skipped; a suite that could not start leaves nothing and counts as failed.
function Invoke-PesterSuite {
    $null = New-Item -ItemType Directory -Force $results
    Remove-Item "$results/Pester.*"
    $pester = Find-Pester
    if (-not $pester) {
        Set-Content "$results/Pester.skipped" 'Pester 5.5 or newer is not installed, and NuGet could not be reached for it: Install-PSResource Pester'
        return
    }
    $script = {
        param($pester, $tests, $report)
        Import-Module $pester
        $configuration = New-PesterConfiguration
        $configuration.Run.Path = $tests
        $configuration.Run.Exit = $true
        $configuration.Output.Verbosity = 'Normal'
        $configuration.TestResult.Enabled = $true
        $configuration.TestResult.OutputFormat = 'NUnit3'
        $configuration.TestResult.OutputPath = $report
        Invoke-Pester -Configuration $configuration
    }
    try {
        Invoke-Target Publish
        Invoke-FreshPwsh -Command "& { $script } '$pester' '$PSScriptRoot/tests/Pester' '$results/Pester.xml'"
        Set-Content "$results/Pester.exit" $LASTEXITCODE
    } catch {
        Write-Warning "Pester: $_"
    }
}

Push-Location $PSScriptRoot
try {
    switch ($Task) {
        'Build' { Invoke-DotNet build VhostUser.slnx -c $Configuration '-m:1' }
        'Demo' {
            Invoke-Target Publish
            Invoke-FreshPwsh -File examples/FirstPackets.ps1
            if ($LASTEXITCODE -ne 0) { throw "The demo ended with code $LASTEXITCODE" }
        }
        'Bench' {
            [string[]] $arguments = if ($Quick) { '--quick' }
            Invoke-DotNet run -c $Configuration --project bench/VhostUser.Bench.csproj -- @arguments
        }
        'Peers' { & bash ./build.sh peers }
        'Interop' {
            [string[]] $arguments = if ($Quick) { '-Quick' }
            & bash ./build.sh interop @arguments
            if ($LASTEXITCODE -ne 0) { throw "The interop matrix ended with code $LASTEXITCODE" }
        }
        'Test' {
            Invoke-Target Test
            Invoke-PesterSuite
            & dotnet run --file eng/TestSummary.cs -- $results
            if ($LASTEXITCODE -ne 0) { exit 1 }
        }
        'Pester' {
            Invoke-PesterSuite
            if (Test-Path "$results/Pester.skipped") { Get-Content "$results/Pester.skipped" }
            elseif ((Get-Content "$results/Pester.exit" -ErrorAction Ignore) -ne 0) { exit 1 }
        }
        default { Invoke-Target $Task }
    }
} finally {
    Pop-Location
}
