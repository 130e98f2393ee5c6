using System.Xml.Linq;
using VhostUser.Help;
using VhostUser.Tests.Commands;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>What the build makes of the pages for Get-Help.</summary>
public class HelpBuildTests
{
    private static readonly XNamespace s_command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace s_maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace s_dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    [Fact]
    public void Every_parameter_of_every_cmdlet_is_in_the_help_with_its_type_place_and_pipeline()
    {
        foreach (Type cmdlet in ModuleAssembly.Cmdlets().Where(HelpPageRulesTests.HasPage))
        {
            string command = ModuleAssembly.CommandName(cmdlet);
            XElement help = MamlWriter.Write([HelpPage.Parse(RepositoryFiles.Read($"docs/en-US/{command}.md"))], null);
            var sets = CmdletParameter.SetsOf(cmdlet);
            var items = help.Descendants(s_command + "syntaxItem").ToList();
            Assert.True(sets.Count == items.Count, $"{command}: {items.Count} ways to call it in the help, {sets.Count} in the code.");
            foreach (CmdletParameter parameter in CmdletParameter.Of(cmdlet))
            {
                var described = help.Descendants(s_command + "parameters").Elements().Single(element => (string?)element.Element(s_maml + "name") == parameter.Name);
                Assert.False(string.IsNullOrWhiteSpace((string?)described.Element(s_maml + "description")), $"{command} -{parameter.Name}");
                var shown = items.Elements(s_command + "parameter").Where(element => (string?)element.Element(s_maml + "name") == parameter.Name).ToList();
                var declared = sets.Select(parameter.In).Where(one => one is not null).ToList();
                Assert.Equal(declared.Count, shown.Count);
                Assert.All(shown, element => Assert.Equal(HelpFacts.NameOf(parameter.Property.PropertyType), (string?)element.Element(s_dev + "type")?.Element(s_maml + "name") ?? ""));
                Assert.Equal(
                    declared.Select(one => (one!.Mandatory, Position: one.Position < 0 ? "named" : $"{one.Position}", Pipeline: one.ValueFromPipeline || one.ValueFromPipelineByPropertyName)).Order(),
                    shown.Select(element => ((bool)element.Attribute("required")!, (string)element.Attribute("position")!, (string?)element.Attribute("pipelineInput") != "False")).Order());
            }
        }
    }

    [Fact]
    public void A_page_becomes_help()
    {
        const string Page = """
            # Get-Thing
            ## SYNOPSIS
            Gets **things**.
            ## SYNTAX
            ### Other
            ```
            Get-Thing -All [<CommonParameters>]
            ```
            ### One (Default)
            ```
            Get-Thing [-Name] <String[]> [[-Kind] <Kind>] [-Limit <Int32>]
             [-Force] [<CommonParameters>]
            ```
            ## DESCRIPTION
            Line one
            goes on.
            - an item
            ## EXAMPLES
            ### Example 1: A
            ```powershell
            Get-Thing a
            ```
            ```Output
            a thing
            ```
            It [shows](Show-Thing.md) a.
            ## PARAMETERS
            ### -Name
            The name.
            ```yaml
            Type: String[]
            Position: 0
            Accept pipeline input: True (ByValue)
            Accept wildcard characters: True
            ```
            ### -Kind
            The kind.
            ```yaml
            Type: Kind
            Accepted values: Big, Small
            Position: 1
            ```
            ### -Limit
            How many.
            ```yaml
            Type: Int32
            Default value: 5
            ```
            ### -Force
            All the same.
            ```yaml
            Type: SwitchParameter
            ```
            ### -All
            All.
            ```yaml
            Type: SwitchParameter
            ```
            ## OUTPUTS
            ### Thing
            ## RELATED LINKS
            [Set-Thing](Set-Thing.md)
            """;
        XElement help = MamlWriter.Write([HelpPage.Parse(Page)], "https://host.example/pages/");
        Assert.Equal("Gets things.", (string?)help.Descendants(s_command + "details").Single().Element(s_maml + "description"));
        Assert.Equal(["Line one goes on.", "- an item"], help.Elements().Single().Elements(s_maml + "description").Single().Elements().Select(para => para.Value));
        var items = help.Descendants(s_command + "syntaxItem").ToList();
        Assert.Equal(["Name true", "Kind false", "Limit false", "Force false"], items[0].Elements(s_command + "parameter").Select(one => $"{(string?)one.Element(s_maml + "name")} {(string?)one.Attribute("required")}"));
        Assert.Equal(["All true"], items[1].Elements(s_command + "parameter").Select(one => $"{(string?)one.Element(s_maml + "name")} {(string?)one.Attribute("required")}"));
        Assert.Equal(["Big", "Small"], items[0].Descendants(s_command + "parameterValueGroup").Elements().Select(value => value.Value));
        Assert.Equal("Get-Thing a\n\na thing", (string?)help.Descendants(s_dev + "code").Single());
        Assert.Equal("It shows a.", (string?)help.Descendants(s_dev + "remarks").Single());
        Assert.Equal(["https://host.example/pages/Get-Thing.md", ""], help.Descendants(s_maml + "uri").Where(uri => uri.Parent!.Name == s_maml + "navigationLink").Select(uri => uri.Value));
    }

    [Theory]
    [InlineData("nothing", "no heading")]
    [InlineData("# Get-Thing\n## SYNTAX\n", "SYNOPSIS is missing")]
    [InlineData("# Get-Thing\n## SYNOPSIS\nIt.\n## SYNTAX\nNone.\n", "no code block")]
    [InlineData("# Get-Thing\n## SYNOPSIS\nIt.\n## SYNTAX\n```\nSet-Thing [-A]\n```\n", "of another cmdlet")]
    [InlineData("# Get-Thing\n## SYNOPSIS\nIt.\n## SYNTAX\n```\nGet-Thing [-A]\n```\n", "does not describe")]
    [InlineData("# Get-Thing\n## SYNOPSIS\nIt.\n## SYNTAX\n```\nGet-Thing [-A]\n```\n## PARAMETERS\n### -A\nIt.\n", "no yaml block")]
    public void A_page_without_form_is_refused(string page, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<FormatException>(() => MamlWriter.Write([HelpPage.Parse(page)], null)).Message);

    [Fact]
    public void An_about_page_becomes_text()
    {
        const string Page = "# about_Thing\n\n## SHORT DESCRIPTION\nWhat a `thing` is.\n\n## LONG DESCRIPTION\nSee [more](more.md).\n\n### Part\n```powershell\n# comment\nGet-Thing\n```\n";
        Assert.Equal(
            "TOPIC\n    about_Thing\n\nSHORT DESCRIPTION\n    What a thing is.\n\nLONG DESCRIPTION\n    See more.\n\n  Part\n        # comment\n        Get-Thing\n",
            AboutTopic.ToText(Page));
        Assert.Throws<FormatException>(() => AboutTopic.ToText("# about_Thing\nText.\n"));
    }

    [Fact]
    public void Every_about_page_becomes_text()
    {
        string[] pages = [.. RepositoryFiles.Below("docs/en-US", ".md").Where(page => page.Contains("about_"))];
        Assert.Empty(new[] { "about_VhostUser", "about_VhostUser_Rings", "about_VhostUser_Features", "about_VhostUser_Errors", "about_VhostUser_Rdma" }
            .Except(pages.Select(page => Path.GetFileNameWithoutExtension(page))));
        Assert.All(pages, page => Assert.NotEmpty(AboutTopic.ToText(RepositoryFiles.Read(page))));
    }
}
