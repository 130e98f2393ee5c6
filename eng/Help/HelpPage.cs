namespace VhostUser.Help;

/// <summary>One way to call a cmdlet, as the page's SYNTAX shows it.</summary>
/// <param name="Set">Name of the parameter set, or "(All)".</param>
internal sealed record HelpSyntax(string Set, IReadOnlyList<HelpSyntaxParameter> Parameters);

/// <summary>A parameter in a line of SYNTAX.</summary>
/// <param name="Type">Its type, or null for a switch.</param>
internal sealed record HelpSyntaxParameter(string Name, string? Type, bool Required);

/// <summary>A parameter's text and its facts, as key and value; several blocks when parameter sets differ.</summary>
internal sealed record HelpParameter(string Name, string Text, IReadOnlyList<IReadOnlyDictionary<string, string>> Facts)
{
    /// <summary>A fact in a parameter set; the first block's when no block names the set.</summary>
    public string Fact(string key, string? set = null)
    {
        var block = Facts.FirstOrDefault(facts => set is not null && facts.GetValueOrDefault("Parameter Sets", "").Split(',', StringSplitOptions.TrimEntries).Contains(set))
            ?? Facts[0];
        return block.GetValueOrDefault(key, "");
    }
}

/// <summary>An example: its code with what it wrote, and what is said about it.</summary>
internal sealed record HelpExample(string Title, string Code, string Output, string Remarks);

/// <summary>A cmdlet's page, in the form that platyPS gave such pages.</summary>
internal sealed record HelpPage
{
    public required string Name { get; init; }
    public required string Synopsis { get; init; }
    public required string Description { get; init; }
    public required IReadOnlyList<HelpSyntax> Syntax { get; init; }
    public required IReadOnlyList<HelpExample> Examples { get; init; }
    public required IReadOnlyList<HelpParameter> Parameters { get; init; }
    public required string Inputs { get; init; }
    public required IReadOnlyList<string> Outputs { get; init; }
    public required string Notes { get; init; }
    public required IReadOnlyList<(string Text, string Target)> Links { get; init; }

    /// <summary>Reads a page.</summary>
    /// <exception cref="FormatException">It has no name, no synopsis, or a parameter without its block of facts.</exception>
    public static HelpPage Parse(string markdown)
    {
        string name = Markdown.Sections(markdown, "# ").Select(section => section.Heading).FirstOrDefault() ?? throw new FormatException("A page has no heading '# Verb-Noun'.");
        var sections = Markdown.Sections(markdown, "## ").ToDictionary(section => section.Heading, section => section.Text);
        string Section(string heading) => sections.GetValueOrDefault(heading, "");
        if (Section("SYNOPSIS").Length == 0) throw new FormatException($"{name}: SYNOPSIS is missing or empty.");
        return new HelpPage
        {
            Name = name,
            Synopsis = Section("SYNOPSIS"),
            Description = Section("DESCRIPTION"),
            Syntax = SyntaxText.Parse(name, Section("SYNTAX")),
            Examples = [.. Markdown.Sections(Section("EXAMPLES"), "### ").Select(part => Example(part.Heading, part.Text))],
            Parameters = [.. Markdown.Sections(Section("PARAMETERS"), "### -").Select(part => Parameter(name, part.Heading, part.Text))],
            Inputs = Section("INPUTS"),
            Outputs = [.. Markdown.Sections(Section("OUTPUTS"), "### ").Select(part => part.Heading)],
            Notes = Section("NOTES"),
            Links = [.. Markdown.Links(Section("RELATED LINKS"))],
        };
    }

    private static HelpExample Example(string title, string text)
    {
        var blocks = Markdown.CodeBlocks(text).ToLookup(block => block.Language is "Output", block => block.Code);
        return new HelpExample(title, string.Join("\n", blocks[false]), string.Join("\n", blocks[true]), text);
    }

    private static HelpParameter Parameter(string command, string name, string text)
    {
        IReadOnlyDictionary<string, string>[] facts = [.. Markdown.CodeBlocks(text).Where(block => block.Language == "yaml").Select(block => Facts(block.Code))];
        return facts.Length > 0 ? new HelpParameter(name, text, facts) : throw new FormatException($"{command}: -{name} has no yaml block.");
    }

    private static Dictionary<string, string> Facts(string yaml) => yaml.Split('\n')
        .Where(line => line.Contains(':', StringComparison.Ordinal))
        .Select(line => line.Split(':', 2))
        .ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim());
}
