<#
.SYNOPSIS
Runs the lab test of examples/lab with Pester, and leaves its results as JUnit or NUnit XML for a CI system.
.EXAMPLE
./examples/PesterLab.ps1
.EXAMPLE
./examples/PesterLab.ps1 -ResultPath results.xml -Format NUnit3
#>
[CmdletBinding()]
param(
    # The module: the folder that dotnet publish makes, or the name of an installed one.
    [string] $Module = "$PSScriptRoot/../out/VhostUser",

    # Where the results go; a temporary file, shown and removed, when not given.
    [string] $ResultPath,

    [ValidateSet('JUnitXml', 'NUnit2.5', 'NUnit3')]
    [string] $Format = 'JUnitXml'
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Module Pester -ListAvailable | Where-Object Version -GE '5.3')) {
    'Pester 5.3 or newer is not installed, so the lab test did not run: Install-PSResource Pester'
    return
}
Import-Module Pester -MinimumVersion 5.3

$results = if ($ResultPath) { $ResultPath } else { New-TemporaryFile }
$configuration = New-PesterConfiguration
$configuration.Run.Container = New-PesterContainer -Path "$PSScriptRoot/lab/Bridge.Tests.ps1" -Data @{ Module = $Module }
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.TestResult.Enabled = $true
$configuration.TestResult.OutputFormat = $Format
$configuration.TestResult.OutputPath = "$results"
$run = Invoke-Pester -Configuration $configuration

if ($ResultPath) {
    "Results: $ResultPath"
} else {
    $suites = ([xml](Get-Content -Raw $results)).DocumentElement
    "$Format has $($suites.tests ?? $suites.total) tests, $($suites.failures ?? $suites.failed) failed"
    Remove-Item $results
}
exit $run.FailedCount
