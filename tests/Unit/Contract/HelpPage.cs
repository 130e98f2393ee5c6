using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>A cmdlet's page of Markdown in platyPS form: sections as ##, examples and parameters as ### below them.</summary>
internal static partial class HelpPage
{
    private const int LeastExamples = 2;

    // The engine adds these; a page may describe them.
    private static readonly string[] _enginesOwn = ["WhatIf", "Confirm"];

    public static IEnumerable<string> Check(string command, IReadOnlyCollection<string> parameters, string page)
    {
        var sections = Split(page, "## ");
        foreach (string required in new[] { "SYNOPSIS", "DESCRIPTION", "EXAMPLES" })
        {
            if (string.IsNullOrWhiteSpace(sections.GetValueOrDefault(required)))
                yield return $"{command}: the section {required} is missing or empty.";
        }

        int examples = Split(sections.GetValueOrDefault("EXAMPLES", ""), "### ").Values.Count(text => CodeBlock().IsMatch(text));
        if (examples < LeastExamples)
            yield return $"{command}: has {examples} examples with code; at least {LeastExamples} are expected.";

        var described = Split(sections.GetValueOrDefault("PARAMETERS", ""), "### -");
        foreach (string name in parameters.Except(described.Keys))
            yield return $"{command}: the parameter -{name} has no heading.";
        foreach (var (name, text) in described)
        {
            if (!parameters.Contains(name) && !_enginesOwn.Contains(name))
                yield return $"{command}: describes -{name}, which is no parameter.";
            else if (string.IsNullOrWhiteSpace(CodeBlock().Replace(text, "")))
                yield return $"{command}: says nothing about -{name}.";
        }
    }

    // The text below each heading of one depth, code blocks not searched for headings.
    private static Dictionary<string, string> Split(string text, string heading)
    {
        var parts = new Dictionary<string, string>();
        string? current = null;
        bool code = false;
        foreach (string line in text.Split('\n'))
        {
            code ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!code && line.StartsWith(heading, StringComparison.Ordinal))
                parts[current = line[heading.Length..].Trim()] = "";
            else if (!code && line.StartsWith('#') && line.IndexOf(' ') <= heading.IndexOf(' '))
                current = null;
            else if (current is not null)
                parts[current] += line + "\n";
        }
        return parts;
    }

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();
}
