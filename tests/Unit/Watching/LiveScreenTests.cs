using VhostUser.Watching;
using Xunit;

namespace VhostUser.Tests.Watching;

public class LiveScreenTests
{
    [Fact]
    public void The_cursor_is_hidden_for_the_second_screen_and_restored_at_its_end()
    {
        var terminal = new StringWriter();
        using (var screen = new LiveScreen(terminal)) screen.Draw(["a"]);
        Assert.StartsWith("\e[?1049h\e[?25l", terminal.ToString());
        Assert.EndsWith("\e[?25h\e[?1049l", terminal.ToString());
    }

    [Fact]
    public void A_frame_is_one_write_over_the_one_before()
    {
        var terminal = new CountingWriter();
        using var screen = new LiveScreen(terminal);
        terminal.Writes.Clear();
        screen.Draw(["one", "two"]);
        Assert.Equal("\e[Hone\e[K\r\ntwo\e[K\e[J", Assert.Single(terminal.Writes));
    }

    private sealed class CountingWriter : StringWriter
    {
        public List<string> Writes { get; } = [];

        public override void Write(string? value) => Writes.Add(value!);
    }
}
