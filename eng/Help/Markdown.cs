using System.Text;
using System.Text.RegularExpressions;

namespace VhostUser.Help;

/// <summary>The few forms of Markdown that the pages use.</summary>
internal static partial class Markdown
{
    private const string Fence = "```";

    /// <summary>The text below each heading of one depth ("## "), in order; headings inside code blocks are code.</summary>
    public static List<(string Heading, string Text)> Sections(string text, string heading)
    {
        var parts = new List<(string, StringBuilder)>();
        StringBuilder? current = null;
        bool code = false;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            code ^= line.StartsWith(Fence, StringComparison.Ordinal);
            if (!code && line.StartsWith(heading, StringComparison.Ordinal)) parts.Add((line[heading.Length..].Trim(), current = new StringBuilder()));
            else if (!code && line.StartsWith('#') && line.IndexOf(' ', StringComparison.Ordinal) <= heading.IndexOf(' ', StringComparison.Ordinal)) current = null;
            else current?.Append(line).Append('\n');
        }
        return [.. parts.Select(part => (part.Item1, part.Item2.ToString().Trim('\n')))];
    }

    /// <summary>The code blocks in order, each with what stands behind its fence ("powershell", "Output", "yaml", or nothing).</summary>
    public static IEnumerable<(string Language, string Code)> CodeBlocks(string text) =>
        CodeBlock().Matches(text).Select(match => (match.Groups[1].Value.Trim(), match.Groups[2].Value.TrimEnd('\n')));

    /// <summary>The paragraphs outside of code blocks and comments as plain text, lines of a paragraph joined; rows of lists and tables stand alone.</summary>
    public static IEnumerable<string> Paragraphs(string text)
    {
        foreach (string block in Comment().Replace(CodeBlock().Replace(text, "\n"), "").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string paragraph in Row().Replace(block.Trim(), "\n\n").Split("\n\n"))
            {
                if (paragraph.Trim().Length > 0) yield return Plain(paragraph.Trim().Replace('\n', ' '));
            }
        }
    }

    /// <summary>A text without marks for bold, code and links.</summary>
    public static string Plain(string text) => Link().Replace(text, "$1").Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);

    /// <summary>The links of a text: what they show and where they lead.</summary>
    public static IEnumerable<(string Text, string Target)> Links(string text) =>
        Link().Matches(text).Select(match => (match.Groups[1].Value, match.Groups[2].Value));

    [GeneratedRegex("^```([^\n]*)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\n(?=\s*(?:[-|]|\d+\. ))")]
    private static partial Regex Row();

    [GeneratedRegex(@"\[([^\]]+)\]\(([^)]+)\)")]
    private static partial Regex Link();
}
