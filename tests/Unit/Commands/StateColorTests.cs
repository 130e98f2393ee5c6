using System.Management.Automation;
using VhostUser.Views;
using Xunit;

namespace VhostUser.Tests.Commands;

public class StateColorTests
{
    private static readonly PSObject s_style = PSObject.AsPSObject(new Style());

    [Theory]
    [InlineData("Running", "Green")]
    [InlineData("enabled", "Green")]
    [InlineData("Reconnecting", "Yellow")]
    [InlineData("Busy", "Yellow")]
    [InlineData("Faulted", "Red")]
    [InlineData("Listening", null)]
    [InlineData("Stopped", null)]
    public void A_state_has_the_colour_of_its_meaning(string state, string? color) => Assert.Equal(color, StateColor.ColorOf(state));

    [Fact]
    public void Text_is_painted_with_the_escapes_of_the_style_and_plain_when_redirected()
    {
        Assert.Equal("<g>Running<0>", StateColor.Paint("Running", "Green", s_style, redirected: false));
        Assert.Equal("Running", StateColor.Paint("Running", "Green", s_style, redirected: true));
        Assert.Equal("Listening", StateColor.Paint("Listening", null, s_style, redirected: false));
        Assert.Equal("", StateColor.Paint("", "Red", s_style, redirected: false));
    }

    public sealed class Style
    {
        public Colors Foreground { get; } = new();

        public string Reset => "<0>";
    }

    public sealed class Colors
    {
        public string Green => "<g>";
    }
}
