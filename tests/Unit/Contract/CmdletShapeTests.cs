using System.Management.Automation;
using Xunit;

namespace VhostUser.Tests.Contract;

public class CmdletShapeTests
{
    [Fact]
    public void Every_cmdlet_is_named_and_shaped_as_the_guidelines_say() =>
        Violations.AssertNone(ModuleAssembly.Cmdlets().SelectMany(CmdletShape.Check));

    [Fact]
    public void Every_cmdlet_has_a_file_of_its_own() =>
        Violations.AssertNone(ModuleAssembly.Cmdlets().SelectMany(
            cmdlet => CmdletShape.CheckFile(cmdlet, RepositoryFiles.Read($"src/VhostUser.PowerShell/Commands/{cmdlet.Name}.cs"))));

    [Theory]
    [InlineData(typeof(MakeThingCommand), "approved verb")]
    [InlineData(typeof(GetThing), "expected VhostUser.Commands.GetThingCommand")]
    [InlineData(typeof(GetThing), "public and sealed")]
    [InlineData(typeof(RemoveThingCommand), "SupportsShouldProcess")]
    [InlineData(typeof(Nameless), "no [Cmdlet]")]
    public void A_breach_is_found(Type cmdlet, string complaint) =>
        Assert.Contains(CmdletShape.Check(cmdlet), violation => violation.Contains(complaint));

    [Fact]
    public void A_second_cmdlet_in_the_file_is_found()
    {
        const string one = "[Cmdlet(\"Get\", \"Thing\")]\npublic sealed class GetThing : Cmdlet { }\n";
        Assert.Empty(CmdletShape.CheckFile(typeof(GetThing), one));
        Assert.Single(CmdletShape.CheckFile(typeof(GetThing), one + one));
        Assert.Single(CmdletShape.CheckFile(typeof(MakeThingCommand), one));
    }

    [Cmdlet("Make", "Thing")]
    private sealed class MakeThingCommand : Cmdlet;

    [Cmdlet(VerbsCommon.Get, "Thing")]
    private class GetThing : Cmdlet;

    [Cmdlet(VerbsCommon.Remove, "Thing")]
    private sealed class RemoveThingCommand : Cmdlet;

    private sealed class Nameless : Cmdlet;
}
