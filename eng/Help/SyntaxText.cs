using System.Text.RegularExpressions;

namespace VhostUser.Help;

/// <summary>Reads the lines of SYNTAX: '[-Name] &lt;String&gt; [-Force]'.</summary>
internal static partial class SyntaxText
{
    private const string Default = " (Default)";

    /// <summary>The ways to call a cmdlet; the default one first.</summary>
    public static IReadOnlyList<HelpSyntax> Parse(string command, string section)
    {
        var named = Markdown.Sections(section, "### ");
        if (named.Count == 0) named = [("(All)", section)];
        return [.. named
            .OrderByDescending(part => part.Heading.EndsWith(Default, StringComparison.Ordinal))
            .Select(part => new HelpSyntax(part.Heading.Replace(Default, "", StringComparison.Ordinal), Parameters(command, part.Text)))];
    }

    private static List<HelpSyntaxParameter> Parameters(string command, string text)
    {
        string line = Markdown.CodeBlocks(text).Select(block => block.Code).FirstOrDefault() ?? throw new FormatException($"{command}: SYNTAX has no code block.");
        line = line.ReplaceLineEndings(" ");
        if (!line.StartsWith(command + " ", StringComparison.Ordinal)) throw new FormatException($"{command}: SYNTAX is that of another cmdlet: {line}");
        return [.. Parameter().Matches(line[command.Length..]).Select(match =>
            new HelpSyntaxParameter(match.Groups["name"].Value, match.Groups["type"] is { Success: true } type ? type.Value : null, !match.Groups["optional"].Success))];
    }

    // Optional: '[[-Name] <T>]', '[-Name <T>]', '[-Name]'; mandatory: '[-Name] <T>', '-Name <T>', '-Name'. No parameter is <CommonParameters>.
    [GeneratedRegex(@" (?:(?<optional>\[)\[-(?<name>\w+)\] <(?<type>[^>]+)>\]|\[-(?<name>\w+)\] <(?<type>[^>]+)>|(?<optional>\[)-(?<name>\w+)(?: <(?<type>[^>]+)>)?\]|-(?<name>\w+)(?: <(?<type>[^>]+)>)?)(?= |$)")]
    private static partial Regex Parameter();
}
