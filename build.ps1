<#
.SYNOPSIS
Builds, tests, shows and packs the module; what is done is in build.targets and the projects.
.EXAMPLE
./build.ps1 -Task Test
.EXAMPLE
./build.ps1 -Task Test -Rdma
.EXAMPLE
./build.ps1 -Task Bench -Quick
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Demo', 'Bench', 'Publish', 'Package', 'Peers')]
    [string] $Task = 'Test',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # Bench: a run of seconds instead of minutes.
    [switch] $Quick,

    # Test: the tests with guests and Soft-RoCE that take minutes, too.
    [switch] $Rdma
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

function Get-PesterObstacle {
    if (-not (Get-Module Pester -ListAvailable | Where-Object Version -GE '5.5')) {
        return 'Pester 5.5 or newer is not installed: Install-PSResource Pester'
    }
    if (-not (Get-ChildItem tests/Pester -Filter *.Tests.ps1 -Recurse -ErrorAction Ignore)) { return 'tests/Pester has no tests' }
}

# PowerShell in a process of its own: a module's assembly cannot be unloaded, and the next build wants to replace it.
function Invoke-FreshPwsh {
    # PowerShell as a .NET tool has no executable of its own.
    [string[]] $pwsh = if (Test-Path "$PSHOME/pwsh") { "$PSHOME/pwsh" } else { @('dotnet', "$PSHOME/pwsh.dll") }
    $first, $rest = $pwsh + '-NoProfile' + $args
    & $first @rest
}

function Invoke-PesterSuite {
    $script = {
        param($tests, $report)
        Import-Module Pester -MinimumVersion 5.5
        $configuration = New-PesterConfiguration
        $configuration.Run.Path = $tests
        $configuration.Run.Exit = $true
        $configuration.Output.Verbosity = 'Normal'
        $configuration.TestResult.Enabled = $true
        $configuration.TestResult.OutputFormat = 'NUnit3'
        $configuration.TestResult.OutputPath = $report
        Invoke-Pester -Configuration $configuration
    }
    Invoke-FreshPwsh -Command "& { $script } '$PSScriptRoot/tests/Pester' '$results/Pester.xml'"
    Set-Content "$results/Pester.exit" $LASTEXITCODE
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
        'Test' {
            if ($Rdma) { $env:VHOSTUSER_RDMA = 'full' }
            Invoke-Target Test
            $obstacle = Get-PesterObstacle
            if ($obstacle) {
                Set-Content "$results/Pester.skipped" $obstacle
            } else {
                try {
                    Invoke-Target Publish
                    Invoke-PesterSuite
                } catch {
                    # The summary counts a suite that could not start as failed.
                    Write-Warning "Pester: $_"
                }
            }
            & dotnet run --file eng/TestSummary.cs -- $results
            if ($LASTEXITCODE -ne 0) { exit 1 }
        }
        default { Invoke-Target $Task }
    }
} finally {
    Pop-Location
}
