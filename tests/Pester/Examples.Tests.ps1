Describe 'The examples' {
    It '<BaseName> runs to its end' -ForEach (Get-ChildItem "$PSScriptRoot/../../examples" -Filter *.ps1) {
        $output = & pwsh -NoProfile -NonInteractive -File $_.FullName 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $output | Should -Not -BeNullOrEmpty
    }
}
