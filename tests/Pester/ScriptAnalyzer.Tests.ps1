BeforeDiscovery {
    $root = Resolve-Path "$PSScriptRoot/../.."
    $scripts = @(
        Get-ChildItem "$root/*" -File -Include '*.ps1', 'PSScriptAnalyzerSettings.psd1'
        'examples', 'tests', 'eng', 'bench' | ForEach-Object { Get-ChildItem "$root/$_" -Recurse -File -Include '*.ps1', '*.psm1', '*.psd1' -ErrorAction Ignore }
        # The manifest where everything that it names lies beside it.
        Get-Item "$root/out/VhostUser/VhostUser.psd1"
    ) | Where-Object FullName -NotMatch '/(bin|obj)/' | ForEach-Object { @{ Script = $_.FullName.Substring("$root".Length + 1); Path = $_.FullName } }
}

Describe 'PSScriptAnalyzer' {
    It 'finds nothing in <Script>' -ForEach $scripts {
        if (-not (Get-Module PSScriptAnalyzer -ListAvailable)) { Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not installed: Install-PSResource PSScriptAnalyzer' }
        Invoke-ScriptAnalyzer -Path $Path -Settings "$PSScriptRoot/../../PSScriptAnalyzerSettings.psd1" |
            ForEach-Object { '{0}:{1}: {2}: {3}' -f $_.ScriptName, $_.Line, $_.RuleName, $_.Message } | Should -BeNullOrEmpty
    }
}
