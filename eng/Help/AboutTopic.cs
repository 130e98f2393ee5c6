using System.Text;

namespace VhostUser.Help;

/// <summary>An about page as the text that Get-Help shows.</summary>
internal static class AboutTopic
{
    private const int SummaryLine = 5;

    /// <summary>Headings in capitals at the margin, the rest indented, code and tables as they are. Get-Help takes the fifth line as the topic's summary.</summary>
    /// <exception cref="FormatException">The page doesn't begin with its name and a short description.</exception>
    public static string ToText(string markdown)
    {
        var lines = new StringBuilder("TOPIC\n");
        bool code = false;
        foreach (string line in markdown.ReplaceLineEndings("\n").Trim().Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) code = !code;
            else lines.Append(code ? "        " + line : Line(line)).Append('\n');
        }
        string text = string.Join('\n', lines.ToString().Split('\n').Select(line => line.TrimEnd()));
        string[] first = text.Split('\n', SummaryLine + 1);
        if (first.Length < SummaryLine || !first[1].Trim().StartsWith("about_", StringComparison.Ordinal) || first[3] != "SHORT DESCRIPTION")
            throw new FormatException($"{first.ElementAtOrDefault(1)?.Trim()}: an about page begins with '# about_Name', an empty line, '## SHORT DESCRIPTION' and a sentence.");
        return text;
    }

    private static string Line(string line) => line switch
    {
        ['#', ' ', .. string topic] => "    " + topic,
        ['#', '#', ' ', .. string heading] => heading.ToUpperInvariant(),
        ['#', '#', '#', ' ', .. string heading] => "  " + Markdown.Plain(heading),
        _ => "    " + Markdown.Plain(line),
    };
}
