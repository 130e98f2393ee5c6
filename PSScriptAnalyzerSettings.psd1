# All rules but these. tests/Pester/ScriptAnalyzer.Tests.ps1 holds every script and manifest to it.
@{
    ExcludeRules = @(
        # Blocks of Pester share variables in a way that the rule can't see: what BeforeAll sets, It uses.
        'PSUseDeclaredVarsMoreThanAssignments'
        # A packet script is a script block with param($packet), and need not look at it.
        'PSReviewUnusedParameter'
        # A packet script keeps its state in the globals of a runspace of its own.
        'PSAvoidGlobalVars'
        # Helpers of tests make and remove things; nobody asks them for -WhatIf.
        'PSUseShouldProcessForStateChangingFunctions'
        # Tests and examples type commands as people do at the prompt.
        'PSAvoidUsingPositionalParameters'
        # UTF-8 without a mark is what PowerShell 7 reads and writes.
        'PSUseBOMForUnicodeEncodedFile'
    )
}
