using System.Text;

namespace VhostUser.Watching;

/// <summary>A line of a given width in columns: escape sequences take no room, and what is beyond the width is cut.</summary>
internal sealed class StyledLine(int width, string reset)
{
    private readonly StringBuilder _text = new();

    public int Room { get; private set; } = width;

    public StyledLine Add(string text, string style = "")
    {
        // A verdict quotes names and paths: what controls a terminal must not reach it.
        text = new string([.. text.Select(character => char.IsControl(character) ? '?' : character)]);
        if (text.Length > Room) text = Room == 0 ? "" : text[..(Room - 1)] + "…";
        if (text.Length == 0) return this;
        Room -= text.Length;
        _text.Append(style).Append(text);
        if (style.Length > 0) _text.Append(reset);
        return this;
    }

    public override string ToString() => _text.ToString();
}
