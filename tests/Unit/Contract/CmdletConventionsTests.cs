using System.Management.Automation;
using VhostUser.Arguments;
using Xunit;

namespace VhostUser.Tests.Contract;

public class CmdletConventionsTests
{
    [Fact]
    public void Every_cmdlet_keeps_the_conventions() => Violations.AssertNone(ModuleAssembly.Cmdlets().SelectMany(CmdletConventions.Check));

    [Fact]
    public void Every_cmdlet_that_waits_shows_progress() => Violations.AssertNone(ModuleAssembly.Cmdlets().SelectMany(
        cmdlet => CmdletConventions.CheckProgress(cmdlet, type => RepositoryFiles.Read($"src/VhostUser.PowerShell/Commands/{type.Name}.cs"))));

    [Theory]
    [InlineData(typeof(SetThing), "Set-Thing -Server: has no [ArgumentCompleter]")]
    [InlineData(typeof(SetThing), "Set-Thing -Client: is a String")]
    [InlineData(typeof(SetThing), "Set-Thing -Queue: has no [ArgumentCompleter]")]
    [InlineData(typeof(SetThing), "Set-Thing -Provider: has no [ArgumentCompleter]")]
    [InlineData(typeof(SetThing), "Set-Thing: has no -PassThru")]
    [InlineData(typeof(GetThing), "Get-Thing -Name: takes no wildcards")]
    [InlineData(typeof(StartServer), "Start-VhostServer -Path: has no [ArgumentCompleter]")]
    public void A_breach_is_found(Type cmdlet, string complaint) => Assert.Contains(CmdletConventions.Check(cmdlet), violation => violation.Contains(complaint));

    [Fact]
    public void A_cmdlet_that_keeps_them_passes() => Assert.Empty(CmdletConventions.Check(typeof(StopThing)));

    [Fact]
    public void A_silent_wait_is_found()
    {
        Assert.Single(CmdletConventions.CheckProgress(typeof(GetThing), _ => "while (true) { }"));
        Assert.Empty(CmdletConventions.CheckProgress(typeof(GetThing), _ => "WithProgress(work)"));
        Assert.Empty(CmdletConventions.CheckProgress(typeof(StopThing), _ => ""));
    }

    [Cmdlet(VerbsCommon.Set, "Thing")]
    private sealed class SetThing : Cmdlet
    {
        [Parameter]
        public ServerArgument[] Server { get; set; } = [];

        [Parameter]
        public string? Client { get; set; }

        [Parameter]
        public int? Queue { get; set; }

        [Parameter]
        public string? Provider { get; set; }
    }

    [Cmdlet(VerbsCommon.Get, "Thing")]
    private sealed class GetThing : Cmdlet
    {
        [Parameter]
        public string[] Name { get; set; } = [];

        [Parameter]
        public TimeSpan Timeout { get; set; }
    }

    [Cmdlet(VerbsLifecycle.Start, "VhostServer")]
    private sealed class StartServer : Cmdlet
    {
        [Parameter]
        public string Path { get; set; } = "";
    }

    [Cmdlet(VerbsLifecycle.Stop, "Thing")]
    private sealed class StopThing : Cmdlet
    {
        [Parameter]
        [ArgumentCompleter(typeof(BridgeNameCompleter))]
        public BridgeArgument? Bridge { get; set; }

        [Parameter]
        [ValidateSet("A", "B")]
        public string? Kind { get; set; }

        [Parameter]
        public SwitchParameter PassThru { get; set; }
    }
}
