using System.Text.RegularExpressions;
using VhostUser.Help;
using VhostUser.Tests.Commands;

namespace VhostUser.Tests.Contract;

/// <summary>A page with the facts that the code gives it; what people write in it stays.</summary>
internal static partial class HelpFactsPage
{
    /// <summary>The page with its section SYNTAX and the yaml blocks of its parameters made anew.</summary>
    public static string WithFacts(Type cmdlet, string page)
    {
        page = Syntax().Replace(page, match => $"{match.Groups[1].Value}\n\n{HelpFacts.Syntax(cmdlet)}\n\n", 1);
        foreach (CmdletParameter parameter in CmdletParameter.Of(cmdlet))
            page = WithYaml(page, parameter.Name, defaultValue => string.Join("\n\n", HelpFacts.Yaml(cmdlet, parameter, defaultValue)));
        foreach (string name in HelpFacts.EnginesOwnOf(cmdlet))
            page = WithYaml(page, name, _ => HelpFacts.EnginesOwn(name));
        return page;
    }

    /// <summary>Where a page's facts are not those of the code.</summary>
    public static IEnumerable<string> Check(Type cmdlet, string page)
    {
        string[] actual = page.Split('\n');
        string[] expected = WithFacts(cmdlet, page).Split('\n');
        int line = actual.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
        if (line == actual.Length && line == expected.Length) yield break;
        yield return $"{ModuleAssembly.CommandName(cmdlet)}.md line {line + 1}: '{actual.ElementAtOrDefault(line)}'; the code says '{expected.ElementAtOrDefault(line)}'.";
    }

    // A parameter without a heading is another rule's complaint.
    private static string WithYaml(string page, string parameter, Func<string, string> yaml)
    {
        var section = new Regex($@"^### -{parameter}\n(?:(?!^#).*\n)*?(?=^#|\z)", RegexOptions.Multiline);
        return section.Replace(page, match =>
        {
            string text = YamlBlocks().Replace(match.Value, "").TrimEnd('\n');
            string defaultValue = DefaultValue().Match(match.Value) is { Success: true } given ? given.Groups[1].Value : "None";
            return $"{text}\n\n{yaml(defaultValue)}\n\n";
        }, 1);
    }

    [GeneratedRegex(@"^(## SYNTAX)\n.*?(?=^## )", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Syntax();

    [GeneratedRegex(@"^```yaml\n.*?^```\n\n?", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex YamlBlocks();

    [GeneratedRegex(@"^Default value: ?(.*)$", RegexOptions.Multiline)]
    private static partial Regex DefaultValue();
}
