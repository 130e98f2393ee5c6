using VhostUser.Tests.Commands;
using Xunit;

namespace VhostUser.Tests.Contract;

public class HelpPageTests
{
    private const string Folder = "docs/en-US";

    private const string Good = """
        # Get-Thing
        ## SYNOPSIS
        Gets things.
        ## DESCRIPTION
        All of them.
        ## EXAMPLES
        ### Example 1: One
        ```powershell
        ### -Name is a comment here
        Get-Thing
        ```
        ### Example 2: Two
        ```powershell
        Get-Thing a
        ```
        ## PARAMETERS
        ### -Name
        The name.
        ### -WhatIf
        Shows what would happen.
        ### CommonParameters
        As ever.
        ## OUTPUTS
        ### VhostUser.Thing
        """;

    [Fact]
    public void Every_cmdlet_has_a_page_that_describes_it() => Violations.AssertNone(
        ModuleAssembly.Cmdlets().SelectMany(cmdlet => HelpPage.Check(
            ModuleAssembly.CommandName(cmdlet),
            [.. CmdletParameter.Of(cmdlet).Select(parameter => parameter.Name)],
            RepositoryFiles.Read($"{Folder}/{ModuleAssembly.CommandName(cmdlet)}.md"))));

    [Fact]
    public void Every_page_of_a_cmdlet_has_its_cmdlet()
    {
        string[] cmdlets = [.. ModuleAssembly.Cmdlets().Select(ModuleAssembly.CommandName)];
        var pages = RepositoryFiles.Below(Folder, ".md").Select(Path.GetFileNameWithoutExtension).Where(page => page!.Contains('-'));
        Assert.Empty(pages.Except(cmdlets));
    }

    [Fact]
    public void A_complete_page_passes() => Assert.Empty(HelpPage.Check("Get-Thing", ["Name"], Good));

    [Theory]
    [InlineData("## SYNOPSIS\nGets things.", "", "SYNOPSIS is missing")]
    [InlineData("All of them.", "", "DESCRIPTION is missing or empty")]
    [InlineData("### Example 2: Two\n```powershell\nGet-Thing a\n```", "### Example 2: Two\nNo code.", "has 1 examples")]
    [InlineData("### -Name\n", "### -Names\n", "-Name has no heading")]
    [InlineData("### -Name\n", "### -Names\n", "describes -Names")]
    [InlineData("The name.", "```yaml\nType: String\n```", "says nothing about -Name")]
    public void A_gap_is_found(string present, string instead, string complaint)
    {
        string page = Good.Replace(present, instead);
        Assert.NotEqual(Good, page);
        Assert.Contains(HelpPage.Check("Get-Thing", ["Name"], page), violation => violation.Contains(complaint));
    }
}
