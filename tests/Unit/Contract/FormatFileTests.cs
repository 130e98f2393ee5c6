using System.Management.Automation;
using System.Reflection;
using System.Xml.Linq;
using Xunit;

namespace VhostUser.Tests.Contract;

public class FormatFileTests
{
    [Fact]
    public void Every_cmdlet_declares_its_output() => Violations.AssertNone(
        ModuleAssembly.Cmdlets()
            .Where(cmdlet => !cmdlet.IsDefined(typeof(OutputTypeAttribute)))
            .Select(cmdlet => $"{ModuleAssembly.CommandName(cmdlet)} has no [OutputType]; one that writes nothing declares void."));

    [Fact]
    public void Every_output_type_has_a_view() => Violations.AssertNone(
        FormatFile.CheckEveryOutputHasAView(Read(), ModuleAssembly.Cmdlets().SelectMany(OutputsOf).Where(ModuleAssembly.Owns).Distinct()));

    [Fact]
    public void Every_table_fits_into_100_columns() => Violations.AssertNone(FormatFile.CheckWidths(Read()).Concat(FormatFile.CheckFreeColumns(Read())));

    [Fact]
    public void A_table_that_is_too_wide_is_found()
    {
        static XDocument Table(params int?[] widths) => new(new XElement("Configuration", new XElement("ViewDefinitions", new XElement("View", new XElement("Name", "wide"),
            new XElement("TableControl", widths.Select(width => new XElement("TableColumnHeader", width is null ? null : new XElement("Width", width))))))));
        Assert.Empty(FormatFile.CheckWidths(Table(40, 50, null)));
        Assert.Contains("101", Assert.Single(FormatFile.CheckWidths(Table(40, 51, null))));
        Assert.Empty(FormatFile.CheckFreeColumns(Table(40, null)));
        Assert.Single(FormatFile.CheckFreeColumns(Table(40, null, null)));
    }

    [Fact]
    public void Every_property_of_a_view_exists() => Violations.AssertNone(FormatFile.CheckProperties(Read(), ModuleAssembly.Find));

    [Fact]
    public void A_type_without_a_view_is_found()
    {
        var format = View("System.Version", "Major");
        format.Descendants("ViewDefinitions").Single().Add(new XElement("View", new XElement("ViewSelectedBy", new XElement("TypeName", "System.Version")), new XElement("ListControl")));
        Assert.Empty(FormatFile.CheckEveryOutputHasAView(format, [typeof(Version), typeof(DayOfWeek)]));
        Assert.Equal(["System.Uri has no table view.", "System.Uri has no list view."], FormatFile.CheckEveryOutputHasAView(format, [typeof(Uri)]));
        Assert.Equal(["System.Version has no list view."], FormatFile.CheckEveryOutputHasAView(View("System.Version", "Major"), [typeof(Version)]));
    }

    [Theory]
    [InlineData("System.Version", "Major", null)]
    [InlineData("System.Version", "Mayor", "no property Mayor")]
    [InlineData("System.Verse", "Major", "does not exist")]
    [InlineData(null, "Major", "selects no type")]
    public void A_view_that_shows_nothing_is_found(string? type, string property, string? complaint)
    {
        string[] violations = [.. FormatFile.CheckProperties(View(type, property), name => Type.GetType(name))];
        if (complaint is null)
            Assert.Empty(violations);
        else
            Assert.Contains(complaint, Assert.Single(violations));
    }

    private static XDocument Read() => XDocument.Parse(RepositoryFiles.Read("src/VhostUser.PowerShell/VhostUser.Format.ps1xml"));

    /// <summary>The types that a cmdlet declares to write, arrays by their elements.</summary>
    public static IEnumerable<Type> OutputsOf(Type cmdlet)
    {
        foreach (var output in cmdlet.GetCustomAttributes<OutputTypeAttribute>().SelectMany(attribute => attribute.Type))
        {
            var type = output.Type ?? ModuleAssembly.Find(output.Name.TrimEnd('[', ']'));
            Assert.True(type is not null, $"{ModuleAssembly.CommandName(cmdlet)}: the output type {output.Name} does not exist.");
            yield return type.IsArray ? type.GetElementType()! : type;
        }
    }

    private static XDocument View(string? type, string property) => new(
        new XElement("Configuration", new XElement("ViewDefinitions", new XElement(
            "View",
            new XElement("Name", "sample"),
            new XElement("ViewSelectedBy", type is null ? null : new XElement("TypeName", type)),
            new XElement("TableControl", new XElement("PropertyName", property))))));
}
