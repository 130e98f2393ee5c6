using System.Xml.Linq;

namespace VhostUser.Help;

/// <summary>Writes pages as MAML, the form in which Get-Help reads the help of compiled cmdlets.</summary>
internal static class MamlWriter
{
    private static readonly XNamespace s_help = "http://msh";
    private static readonly XNamespace s_maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace s_command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace s_dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>The whole file.</summary>
    /// <param name="pages">The cmdlets' pages.</param>
    /// <param name="url">Where the pages can be read online, one below it for each cmdlet; null or empty for nowhere.</param>
    public static XElement Write(IEnumerable<HelpPage> pages, string? url) =>
        new(s_help + "helpItems", new XAttribute("schema", "maml"), pages.Select(page => Command(page, url)));

    private static XElement Command(HelpPage page, string? url) => new(
        s_command + "command",
        new XAttribute(XNamespace.Xmlns + "maml", s_maml), new XAttribute(XNamespace.Xmlns + "command", s_command), new XAttribute(XNamespace.Xmlns + "dev", s_dev),
        new XElement(s_command + "details",
            new XElement(s_command + "name", page.Name),
            new XElement(s_command + "verb", page.Name.Split('-')[0]),
            new XElement(s_command + "noun", page.Name.Split('-')[^1]),
            Text("description", page.Synopsis)),
        Text("description", page.Description),
        new XElement(s_command + "syntax", page.Syntax.Select(syntax => SyntaxItem(page, syntax))),
        new XElement(s_command + "parameters", page.Parameters.Select(parameter => Parameter(parameter, null, parameter.Fact("Required") == "True", parameter.Fact("Type")))),
        new XElement(s_command + "inputTypes", Typed("inputType", [string.Join(' ', Markdown.Paragraphs(page.Inputs))])),
        new XElement(s_command + "returnValues", Typed("returnValue", page.Outputs)),
        new XElement(s_maml + "alertSet", Text("alert", page.Notes)),
        new XElement(s_command + "examples", page.Examples.Select(Example)),
        new XElement(s_command + "relatedLinks", Links(page, url)));

    private static XElement SyntaxItem(HelpPage page, HelpSyntax syntax) => new(
        s_command + "syntaxItem",
        new XElement(s_maml + "name", page.Name),
        syntax.Parameters.Select(used =>
        {
            HelpParameter described = page.Parameters.FirstOrDefault(parameter => parameter.Name == used.Name)
                ?? throw new FormatException($"{page.Name}: SYNTAX has -{used.Name}, which PARAMETERS does not describe.");
            return Parameter(described, syntax.Set, used.Required, used.Type);
        }));

    private static XElement Parameter(HelpParameter parameter, string? set, bool required, string? type)
    {
        string aliases = parameter.Fact("Aliases");
        bool isSwitch = type is null or "SwitchParameter";
        string[] accepted = parameter.Fact("Accepted values").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new XElement(
            s_command + "parameter",
            new XAttribute("required", required ? "true" : "false"),
            new XAttribute("variableLength", "true"),
            new XAttribute("globbing", parameter.Fact("Accept wildcard characters").ToLowerInvariant()),
            new XAttribute("pipelineInput", parameter.Fact("Accept pipeline input", set)),
            new XAttribute("position", parameter.Fact("Position", set).ToLowerInvariant()),
            new XAttribute("aliases", aliases.Length == 0 ? "none" : aliases),
            new XElement(s_maml + "name", parameter.Name),
            Text("description", parameter.Text),
            accepted.Length == 0 ? null : new XElement(s_command + "parameterValueGroup", accepted.Select(value => Value(value, false))),
            isSwitch && set is not null ? null : Value(type ?? "SwitchParameter", !isSwitch),
            new XElement(s_dev + "type", new XElement(s_maml + "name", type ?? "SwitchParameter"), new XElement(s_maml + "uri")),
            new XElement(s_dev + "defaultValue", parameter.Fact("Default value", set)));
    }

    private static XElement Value(string value, bool required) =>
        new(s_command + "parameterValue", new XAttribute("required", required ? "true" : "false"), new XAttribute("variableLength", "false"), value);

    private static XElement Example(HelpExample example) => new(
        s_command + "example",
        new XElement(s_maml + "title", $"----------- {example.Title} -----------"),
        new XElement(s_dev + "code", example.Output.Length == 0 ? example.Code : $"{example.Code}\n\n{example.Output}"),
        Text(s_dev + "remarks", example.Remarks));

    private static IEnumerable<XElement> Links(HelpPage page, string? url)
    {
        // Get-Help -Online opens the first address.
        if (!string.IsNullOrEmpty(url)) yield return Link("Online Version:", $"{url.TrimEnd('/')}/{page.Name}.md");
        foreach (var (text, target) in page.Links) yield return Link(text, Uri.IsWellFormedUriString(target, UriKind.Absolute) ? target : "");
    }

    private static XElement Link(string text, string uri) =>
        new(s_maml + "navigationLink", new XElement(s_maml + "linkText", text), new XElement(s_maml + "uri", uri));

    private static IEnumerable<XElement> Typed(string name, IEnumerable<string> types) => types.Where(type => type.Length > 0).Select(type =>
        new XElement(s_command + name, new XElement(s_dev + "type", new XElement(s_maml + "name", type))));

    private static XElement Text(string name, string markdown) => Text(s_maml + name, markdown);

    private static XElement Text(XName name, string markdown) => new(name, Markdown.Paragraphs(markdown).Select(paragraph => new XElement(s_maml + "para", paragraph)));
}
