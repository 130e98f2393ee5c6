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
    public void Every_property_of_a_view_exists() => Violations.AssertNone(FormatFile.CheckProperties(Read(), ModuleAssembly.Find));

    [Fact]
    public void A_type_without_a_view_is_found()
    {
        var format = View("System.Version", "Major");
        Assert.Empty(FormatFile.CheckEveryOutputHasAView(format, [typeof(Version), typeof(DayOfWeek)]));
        Assert.Contains("System.Uri", Assert.Single(FormatFile.CheckEveryOutputHasAView(format, [typeof(Uri)])));
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

    private static IEnumerable<Type> OutputsOf(Type cmdlet)
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
