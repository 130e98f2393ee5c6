using System.Management.Automation;
using VhostUser.Help;
using VhostUser.Tests.Commands;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>
/// The pages of the cmdlets. SYNTAX and the yaml blocks follow from the code: <c>VHOSTUSER_WRITE_HELP=1 dotnet test</c> writes them
/// into the pages; headings, sentences and examples are written by people.
/// </summary>
public class HelpPageRulesTests
{
    private const string Folder = "docs/en-US";

    private const string Good = """
        # Get-Thing
        ## SYNOPSIS
        Gets things.
        ## SYNTAX
        ```
        Get-Thing [[-Name] <String>] [<CommonParameters>]
        ```
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
        ### Example 3: Three
        ```powershell
        Get-Thing b
        ```
        ## PARAMETERS
        ### -Name
        The name.
        ### -WhatIf
        Shows what would happen.
        ### CommonParameters
        As ever.
        ## INPUTS
        Names.
        ## OUTPUTS
        ### VhostUser.Thing
        ## NOTES
        - `HandleNotFound`: no thing has this name.
        ## RELATED LINKS
        [Set-Thing](Set-Thing.md)
        """;

    [Fact]
    public void Every_cmdlet_has_a_page_that_describes_it() => Violations.AssertNone(
        ModuleAssembly.Cmdlets().SelectMany(cmdlet => HasPage(cmdlet)
            ? HelpPageRules.Check(ModuleAssembly.CommandName(cmdlet), [.. CmdletParameter.Of(cmdlet).Select(parameter => parameter.Name)], PageOf(cmdlet))
            : [$"{PathOf(cmdlet)} does not exist."]));

    [Fact]
    public void Syntax_and_facts_of_every_page_are_those_of_the_code()
    {
        if (Environment.GetEnvironmentVariable("VHOSTUSER_WRITE_HELP") == "1")
        {
            // SYNTAX with a parameter that nobody has described would be no help, and the build says so.
            foreach (Type cmdlet in Described().Where(cmdlet => CmdletParameter.Of(cmdlet).All(parameter => PageOf(cmdlet).Contains($"### -{parameter.Name}\n")))) File.WriteAllText(RepositoryFiles.PathOf(PathOf(cmdlet)), HelpFactsPage.WithFacts(cmdlet, PageOf(cmdlet)));
        }
        Violations.AssertNone(Described().SelectMany(cmdlet => HelpFactsPage.Check(cmdlet, PageOf(cmdlet))));
    }

    [Fact]
    public void Errors_and_outputs_of_every_page_exist() => Violations.AssertNone(Described().SelectMany(cmdlet =>
        HelpPageRules.CheckFacts(ModuleAssembly.CommandName(cmdlet), HelpPage.Parse(PageOf(cmdlet)), [.. FormatFileTests.OutputsOf(cmdlet).Where(type => type != typeof(void)).Select(type => type.FullName!).Distinct()])));

    [Fact]
    public void Every_page_of_a_cmdlet_has_its_cmdlet()
    {
        string[] cmdlets = [.. ModuleAssembly.Cmdlets().Select(ModuleAssembly.CommandName)];
        var pages = RepositoryFiles.Below(Folder, ".md").Select(Path.GetFileNameWithoutExtension).Where(page => page!.Contains('-'));
        Assert.Empty(pages.Except(cmdlets));
    }

    [Fact]
    public void Every_link_of_a_page_leads_to_a_page() => Violations.AssertNone(RepositoryFiles.Below(Folder, ".md").SelectMany(page =>
        HelpPageRules.CheckLinks(page, RepositoryFiles.Read(page), target => File.Exists(RepositoryFiles.PathOf($"{Folder}/{target}")))));

    [Fact]
    public void A_complete_page_passes()
    {
        Assert.Empty(HelpPageRules.Check("Get-Thing", ["Name"], Good));
        Assert.Empty(HelpPageRules.CheckLinks("Get-Thing", Good, target => target == "Set-Thing.md"));
    }

    [Theory]
    [InlineData("## SYNOPSIS\nGets things.", "", "SYNOPSIS is missing")]
    [InlineData("All of them.", "", "DESCRIPTION is missing or empty")]
    [InlineData("### Example 3: Three\n```powershell\nGet-Thing b\n```", "### Example 3: Three\nNo code.", "has 2 examples")]
    [InlineData("### -Name\nThe name", "### -Names\nThe name", "-Name has no heading")]
    [InlineData("### -Name\nThe name", "### -Names\nThe name", "describes -Names")]
    [InlineData("The name.", "```yaml\nType: String\n```", "says nothing about -Name")]
    [InlineData("- `HandleNotFound`: no thing has this name.", "None.", "NOTES lists no error")]
    public void A_gap_is_found(string present, string instead, string complaint)
    {
        string page = Good.Replace(present, instead);
        Assert.NotEqual(Good, page);
        Assert.Contains(HelpPageRules.Check("Get-Thing", ["Name"], page), violation => violation.Contains(complaint));
    }

    [Fact]
    public void A_link_to_no_page_is_found() => Assert.Single(HelpPageRules.CheckLinks("Get-Thing", Good, _ => false));

    [Theory]
    [InlineData("Type: Int32[]", "Type: Int32")]
    [InlineData("Parameter Sets: (All)", "Parameter Sets: A")]
    [InlineData("Aliases: Ring", "Aliases:")]
    [InlineData("Required: True", "Required: False")]
    [InlineData("Position: 0", "Position: Named")]
    [InlineData("Accept pipeline input: True (ByPropertyName)", "Accept pipeline input: False")]
    [InlineData("Accept wildcard characters: True", "Accept wildcard characters: False")]
    [InlineData("Accepted values: Mandatory, Optional", "Accepted values: Mandatory")]
    [InlineData("[-Queue] <Int32[]>", "[-Queue] <Int32>")]
    [InlineData("[-WhatIf] ", "")]
    public void A_fact_that_the_code_denies_is_found(string present, string instead)
    {
        const string Frame = "# Set-Sample\n## SYNTAX\n\n## DESCRIPTION\nIt.\n## PARAMETERS\n\n### -Queue\nRings.\n\n### -Kind\nA kind.\n\n### -WhatIf\nNothing.\n\n### -Confirm\nAsks.\n\n";
        string good = HelpFactsPage.WithFacts(typeof(Sample), Frame);
        Assert.Empty(HelpFactsPage.Check(typeof(Sample), good));
        string page = good.Replace(present, instead);
        Assert.NotEqual(good, page);
        Assert.Single(HelpFactsPage.Check(typeof(Sample), page));
    }

    private static string PathOf(Type cmdlet) => $"{Folder}/{ModuleAssembly.CommandName(cmdlet)}.md";

    // That a page lacks is told once.
    private static IEnumerable<Type> Described() => ModuleAssembly.Cmdlets().Where(HasPage);

    internal static bool HasPage(Type cmdlet) => File.Exists(RepositoryFiles.PathOf(PathOf(cmdlet)));

    private static string PageOf(Type cmdlet) => RepositoryFiles.Read(PathOf(cmdlet));

    private enum Kind
    {
        Mandatory,
        Optional,
    }

    [Cmdlet(VerbsCommon.Set, "Sample", SupportsShouldProcess = true)]
    private sealed class Sample : Cmdlet
    {
        [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
        [Alias("Ring")]
        [SupportsWildcards]
        public int[] Queue { get; set; } = [];

        [Parameter]
        public Kind? Kind { get; set; }
    }
}
