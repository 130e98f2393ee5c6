# What Get-Help says, with the engine that users have. That pages and code agree is tested in tests/Unit/Contract.
BeforeDiscovery {
    $module = Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser") -PassThru
    $commands = $module.ExportedCmdlets.Values | ForEach-Object { @{ Name = $_.Name; Command = $_ } }
    $topics = Get-ChildItem "$($module.ModuleBase)/en-US/about_*.help.txt" | ForEach-Object { $_.Name -replace '\.help\.txt$' }
}

# Modules that other test files imported into scopes of their own are none that Get-Help looks at.
BeforeAll {
    Get-Module VhostUser -All | Remove-Module
    Import-Module (Resolve-Path "$PSScriptRoot/../../out/VhostUser") -Global
}

Describe 'Get-Help <Name>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help $Name -Full
        $engines = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
        $parameters = $Command.Parameters.Values | Where-Object Name -NotIn $engines
    }

    It 'has synopsis, description, inputs and notes' {
        $help.Synopsis | Should -Not -BeLike "$Name *" # what the engine makes up when there is no help
        $help.description.Text | Should -Not -BeNullOrEmpty
        ($help | Out-String) | Should -BeLike '*NOTES*about_VhostUser_Errors*'
    }

    It 'has three examples and more, with their output' {
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        $help.examples.example.code | Should -Not -BeNullOrEmpty
        (Get-Help $Name -Examples | Out-String) | Should -BeLike '*Example 3:*'
    }

    It 'describes every parameter as the engine has it' {
        foreach ($parameter in $parameters) {
            $described = Get-Help $Name -Parameter $parameter.Name
            ($described.description.Text -join '') | Should -Not -BeNullOrEmpty -Because "-$($parameter.Name) has to be described"
            $type = [Nullable]::GetUnderlyingType($parameter.ParameterType) ?? $parameter.ParameterType
            $described.type.name | Should -Be $type.Name -Because "of -$($parameter.Name)"
        }
    }

    It 'shows the syntax of every parameter set' {
        $shown = $help.syntax.syntaxItem
        @($shown).Count | Should -Be $Command.ParameterSets.Count
        foreach ($set in $Command.ParameterSets) {
            $names = ($set.Parameters | Where-Object Name -NotIn ($engines | Where-Object { $_ -notin 'WhatIf', 'Confirm' })).Name | Sort-Object
            $same = $shown | Where-Object { -not (Compare-Object @($_.parameter.name | Sort-Object) @($names)) }
            $same | Should -Not -BeNullOrEmpty -Because "of the set $($set.Name): $names"
        }
    }

    It 'knows its page online' {
        $help.relatedLinks.navigationLink[0].uri | Should -BeLike "https://*/$Name.md"
    }
}

Describe 'Get-Help <_>' -ForEach $topics {
    It 'shows the topic' {
        (Get-Help $_ | Out-String) | Should -BeLike '*SHORT DESCRIPTION*LONG DESCRIPTION*SEE ALSO*'
    }

    It 'has a summary in lists' {
        (Get-Help about_VhostUser* | Where-Object Name -EQ $_).Synopsis | Should -Match '^[A-Z].*[.]$'
    }
}

Describe 'The topics' {
    It 'are the five that the module promises, and more' {
        'about_VhostUser', 'about_VhostUser_Rings', 'about_VhostUser_Features', 'about_VhostUser_Errors', 'about_VhostUser_Rdma' | Should -BeIn (Get-Help about_VhostUser*).Name
    }
}
