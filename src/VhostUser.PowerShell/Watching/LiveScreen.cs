using System.Text;

namespace VhostUser.Watching;

/// <summary>
/// The terminal's second screen, which leaves the scrollback alone. A frame is written over the one before in a single write, so
/// nothing flickers; leaving shows the cursor and the first screen again.
/// </summary>
internal sealed class LiveScreen : IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearRest = "\e[J";

    private readonly TextWriter _terminal;

    public LiveScreen(TextWriter terminal)
    {
        _terminal = terminal;
        Write(Enter);
    }

    public void Draw(IReadOnlyList<string> lines)
    {
        var frame = new StringBuilder(Home);
        // No line break behind the last line: on the last row it would scroll.
        frame.AppendJoin(ClearLine + "\r\n", lines).Append(ClearLine).Append(ClearRest);
        Write(frame.ToString());
    }

    public void Dispose() => Write(Leave);

    private void Write(string text)
    {
        _terminal.Write(text);
        _terminal.Flush();
    }
}
