using System.Management.Automation;
using Xunit;

namespace VhostUser.Tests.Contract;

public class CmdletParameterTests
{
    [Fact]
    public void Every_parameter_follows_the_guidelines() =>
        Violations.AssertNone(ModuleAssembly.Cmdlets().SelectMany(CmdletParameterRules.Check));

    [Theory]
    [InlineData(typeof(TwoByValue), "several parameters")]
    [InlineData(typeof(DeafSet), "set B: no parameter takes pipeline input")]
    [InlineData(typeof(BadNames), "-vb: the name belongs to the engine")]
    [InlineData(typeof(BadNames), "-Force: is a bool")]
    [InlineData(typeof(BadNames), "-Maybe: is a bool")]
    public void A_breach_is_found(Type cmdlet, string complaint) =>
        Assert.Contains(CmdletParameterRules.Check(cmdlet), violation => violation.Contains(complaint));

    [Fact]
    public void A_cmdlet_that_follows_them_passes() => Assert.Empty(CmdletParameterRules.Check(typeof(Good)));

    private sealed class TwoByValue : Cmdlet
    {
        [Parameter(ValueFromPipeline = true)]
        public string? One { get; set; }

        [Parameter(ValueFromPipeline = true)]
        public int Two { get; set; }
    }

    private sealed class DeafSet : Cmdlet
    {
        [Parameter(ParameterSetName = "A", ValueFromPipeline = true)]
        public string? One { get; set; }

        [Parameter(ParameterSetName = "B")]
        public string? Two { get; set; }
    }

    private sealed class BadNames : Cmdlet
    {
        [Parameter]
        [Alias("vb")]
        public string? Bytes { get; set; }

        [Parameter]
        public bool Force { get; set; }

        [Parameter]
        public bool? Maybe { get; set; }
    }

    private sealed class Good : Cmdlet
    {
        [Parameter(ParameterSetName = "A", ValueFromPipeline = true)]
        public object? Input { get; set; }

        [Parameter(ParameterSetName = "B", ValueFromPipelineByPropertyName = true)]
        public string? Name { get; set; }

        [Parameter]
        public SwitchParameter Force { get; set; }
    }
}
