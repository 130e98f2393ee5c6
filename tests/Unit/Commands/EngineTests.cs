using System.Management.Automation;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The engine under the cmdlet tests works; on the hollow PowerShellStandard every test here fails.</summary>
public class EngineTests
{
    [Fact]
    public void The_loaded_engine_is_the_one_asked_for() => Assert.Equal(EngineLocation.Engine, typeof(Cmdlet).Assembly.Location);

    [Fact]
    public void A_switch_remembers_that_it_is_present() => Assert.True(new SwitchParameter(true).IsPresent);

    [Fact]
    public void Attributes_remember_what_they_declare() => Assert.Equal("Get", new CmdletAttribute("Get", "Thing").VerbName);
}
