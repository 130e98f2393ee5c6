BeforeDiscovery {
    # TwoHostLab needs hosts: Remoting.Tests.ps1 runs it.
    $examples = Get-ChildItem "$PSScriptRoot/../../examples" -Filter *.ps1 | Where-Object Name -NE TwoHostLab.ps1
    if (-not $examples) { throw 'There are no examples to run.' }
}

Describe 'The examples' {
    It '<_.BaseName> runs to its end' -ForEach $examples {
        $output = & pwsh -NoProfile -NonInteractive -File $_.FullName 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $output | Should -Not -BeNullOrEmpty
    }
}
