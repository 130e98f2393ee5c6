using VhostUser.Help;

namespace VhostUser.Tests.Contract;

/// <summary>What a cmdlet's page has to say.</summary>
internal static class HelpPageRules
{
    private const int LeastExamples = 3;

    // The engine adds these; a page may describe them.
    private static readonly string[] s_enginesOwn = ["WhatIf", "Confirm"];

    public static IEnumerable<string> Check(string command, IReadOnlyCollection<string> parameters, string markdown)
    {
        var sections = Markdown.Sections(markdown, "## ").ToDictionary(section => section.Heading, section => section.Text);
        foreach (string required in new[] { "SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "INPUTS", "OUTPUTS", "NOTES", "RELATED LINKS" })
        {
            if (string.IsNullOrWhiteSpace(sections.GetValueOrDefault(required)))
                yield return $"{command}: the section {required} is missing or empty.";
        }

        int examples = Markdown.Sections(sections.GetValueOrDefault("EXAMPLES", ""), "### ").Count(example => Markdown.CodeBlocks(example.Text).Any());
        if (examples < LeastExamples)
            yield return $"{command}: has {examples} examples with code; at least {LeastExamples} are expected.";
        if (!ErrorIds(sections.GetValueOrDefault("NOTES", "")).Any())
            yield return $"{command}: NOTES lists no error; a line '- `PeerTimeout`: when it comes' is expected for each, or '- No errors.'";

        var described = Markdown.Sections(sections.GetValueOrDefault("PARAMETERS", ""), "### -");
        foreach (string name in parameters.Except(described.Select(parameter => parameter.Heading)))
            yield return $"{command}: the parameter -{name} has no heading.";
        foreach (var (name, text) in described)
        {
            if (!parameters.Contains(name) && !s_enginesOwn.Contains(name))
                yield return $"{command}: describes -{name}, which is no parameter.";
            else if (!Markdown.Paragraphs(text).Any())
                yield return $"{command}: says nothing about -{name}.";
        }
    }

    /// <summary>Links of a page that lead nowhere.</summary>
    public static IEnumerable<string> CheckLinks(string page, string markdown, Func<string, bool> exists) => Markdown.Links(markdown)
        .Where(link => link.Target.EndsWith(".md", StringComparison.Ordinal) && !exists(link.Target))
        .Select(link => $"{page}: the link to {link.Target} leads nowhere.");

    /// <summary>Error ids in NOTES that are none, and types in OUTPUTS that the cmdlet does not declare, or lacks.</summary>
    public static IEnumerable<string> CheckFacts(string command, HelpPage page, IReadOnlyCollection<string> outputs)
    {
        foreach (string id in ErrorIds(page.Notes).Where(id => id != NoErrors && !Enum.TryParse<VhostError>(id, out _)))
            yield return $"{command}: NOTES lists the error {id}, which does not exist.";
        string[] told = [.. page.Outputs.Where(output => output != "None")];
        foreach (string output in outputs.Except(told))
            yield return $"{command}: OUTPUTS lacks {output}.";
        foreach (string output in told.Except(outputs))
            yield return $"{command}: OUTPUTS has {output}, which the cmdlet does not declare.";
    }

    private const string NoErrors = "No errors.";

    private static IEnumerable<string> ErrorIds(string notes) => notes.Split('\n')
        .Where(line => line.StartsWith("- ", StringComparison.Ordinal))
        .SelectMany(line => line[2..].Split(':')[0].Split(','))
        .Select(id => id.Trim(' ', '`'));
}
