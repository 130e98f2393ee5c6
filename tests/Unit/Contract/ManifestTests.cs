using Xunit;

namespace VhostUser.Tests.Contract;

public class ManifestTests
{
    private const string Sample = """
        # A comment with 'quotes' and @{
        @{
            ModuleVersion = '1.2.3'   # the version
            <# a block = @( #>
            CmdletsToExport = @(
                'Get-Thing'
                'Set-Thing', "Test-Thing"
            )
            FunctionsToExport = @(); AliasesToExport = @()
            VariablesToExport = @()
            PrivateData = @{ PSData = @{ Tags = 'Linux', 'It''s'; Prerelease = $false } }
        }
        """;

    [Fact]
    public void The_manifest_exports_the_cmdlets_and_nothing_else() => Violations.AssertNone(
        Manifest.CheckExports(Read(), ModuleAssembly.Cmdlets().Select(ModuleAssembly.CommandName)));

    [Fact]
    public void Manifest_changelog_and_assembly_have_one_version() => Violations.AssertNone(
        Manifest.CheckVersion(Read(), RepositoryFiles.Read("CHANGELOG.md"), ModuleAssembly.Module.GetName().Version!));

    [Fact]
    public void A_data_file_is_read()
    {
        var manifest = PowerShellDataFile.Parse(Sample);
        Assert.Equal("1.2.3", manifest["ModuleVersion"]);
        Assert.Equal(new object[] { "Get-Thing", "Set-Thing", "Test-Thing" }, manifest["CmdletsToExport"]);
        Assert.Equal(Array.Empty<object>(), manifest["aliasestoexport"]);
        var data = (Dictionary<string, object>)((Dictionary<string, object>)manifest["PrivateData"])["PSData"];
        Assert.Equal(new object[] { "Linux", "It's" }, data["Tags"]);
        Assert.Equal("$false", data["Prerelease"]);
        Assert.Throws<FormatException>(() => PowerShellDataFile.Parse("@{ A = 'b'"));
    }

    [Fact]
    public void Exports_that_fit_pass() =>
        Assert.Empty(Manifest.CheckExports(PowerShellDataFile.Parse(Sample), ["Get-Thing", "Set-Thing", "Test-Thing"]));

    [Theory]
    [InlineData("@{ CmdletsToExport = 'Get-Thing' }", "lacks Set-Thing")]
    [InlineData("@{ CmdletsToExport = 'Get-Thing', 'Old-Thing' }", "has Old-Thing")]
    [InlineData("@{ CmdletsToExport = '*' }", "has *")]
    [InlineData("@{ FunctionsToExport = '*' }", "FunctionsToExport is not @()")]
    [InlineData("@{ VariablesToExport = @() }", "AliasesToExport is not @()")]
    public void A_wrong_export_is_found(string manifest, string complaint) => Assert.Contains(
        Manifest.CheckExports(PowerShellDataFile.Parse(manifest), ["Get-Thing", "Set-Thing"]), violation => violation.Contains(complaint));

    [Theory]
    [InlineData("# Changelog\n\n## [1.2.3] - 2026-01-31\n\n## [1.2.2]", "1.2.3.0", 0)]
    [InlineData("## 1.2.4\n## 1.2.3", "1.2.3.0", 1)]
    [InlineData("## 1.2.3", "1.2.4.0", 1)]
    [InlineData("nothing yet", "0.0.0.0", 2)]
    public void A_version_that_differs_is_found(string changelog, string assembly, int violations) => Assert.Equal(
        violations, Manifest.CheckVersion(PowerShellDataFile.Parse(Sample), changelog, Version.Parse(assembly)).Count());

    private static Dictionary<string, object> Read() => PowerShellDataFile.Parse(RepositoryFiles.Read("VhostUser.psd1"));
}
