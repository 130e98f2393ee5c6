using System.Management.Automation;
using System.Reflection;
using System.Text;
using VhostUser.Tests.Commands;

namespace VhostUser.Tests.Contract;

/// <summary>What the code says about a cmdlet's parameters, in the form of its page: the lines of SYNTAX and the yaml block of each parameter.</summary>
internal static class HelpFacts
{
    private const int LineWidth = 110;
    private const int MostAcceptedValues = 12;

    private static readonly string[] s_enginesOwn = ["WhatIf", "Confirm"];

    /// <summary>The text of the section SYNTAX.</summary>
    public static string Syntax(Type cmdlet)
    {
        IReadOnlyList<string> sets = CmdletParameter.SetsOf(cmdlet);
        if (sets.Count == 1) return Block(Line(cmdlet, sets[0]));
        string? first = cmdlet.GetCustomAttribute<CmdletAttribute>()!.DefaultParameterSetName;
        return string.Join("\n\n", sets.OrderByDescending(set => set == first).Select(set => $"### {set}{(set == first ? " (Default)" : "")}\n{Block(Line(cmdlet, set))}"));
    }

    /// <summary>The yaml blocks of a parameter: one, or one for each group of parameter sets that differ.</summary>
    public static IReadOnlyList<string> Yaml(Type cmdlet, CmdletParameter parameter, string defaultValue)
    {
        var common = parameter.In(ParameterAttribute.AllParameterSets);
        IReadOnlyList<string> sets = CmdletParameter.SetsOf(cmdlet);
        var groups = sets.Select(set => (Set: set, Declared: parameter.In(set))).Where(pair => pair.Declared is not null)
            .GroupBy(pair => (pair.Declared!.Mandatory, pair.Declared.Position, Pipeline(pair.Declared)), pair => pair.Set).ToList();
        return [.. groups.Select(group => Block("yaml", Lines(
            parameter, groups.Count == 1 && group.Count() == sets.Count ? "(All)" : string.Join(", ", group), group.Key, defaultValue)))];
    }

    /// <summary>The yaml block of -WhatIf or -Confirm.</summary>
    public static string EnginesOwn(string name) => Block("yaml",
        $"Type: SwitchParameter\nParameter Sets: (All)\nAliases: {(name == "WhatIf" ? "wi" : "cf")}\n\nRequired: False\nPosition: Named\n" +
        "Default value: False\nAccept pipeline input: False\nAccept wildcard characters: False");

    public static IEnumerable<string> EnginesOwnOf(Type cmdlet) => cmdlet.GetCustomAttribute<CmdletAttribute>()!.SupportsShouldProcess ? s_enginesOwn : [];

    /// <summary>A type as the help names it: 'Int32', 'String[]'.</summary>
    public static string NameOf(Type type) => (Nullable.GetUnderlyingType(type) ?? type).Name;

    private static string Lines(CmdletParameter parameter, string sets, (bool Mandatory, int Position, string Pipeline) facts, string defaultValue)
    {
        var type = Nullable.GetUnderlyingType(parameter.Property.PropertyType) ?? parameter.Property.PropertyType;
        var element = type.IsArray ? type.GetElementType()! : type;
        string accepted = element.IsEnum && Enum.GetNames(element) is { Length: <= MostAcceptedValues } names ? $"Accepted values: {string.Join(", ", names)}\n" : "";
        return $"Type: {NameOf(type)}\nParameter Sets: {sets}\nAliases:{string.Concat(parameter.Names.Skip(1).Select((alias, i) => (i == 0 ? " " : ", ") + alias))}\n{accepted}\n" +
            $"Required: {facts.Mandatory}\nPosition: {(facts.Position == int.MinValue ? "Named" : facts.Position)}\nDefault value: {defaultValue}\n" +
            $"Accept pipeline input: {facts.Pipeline}\nAccept wildcard characters: {parameter.Property.IsDefined(typeof(SupportsWildcardsAttribute))}";
    }

    private static string Pipeline(ParameterAttribute one) => (one.ValueFromPipeline, one.ValueFromPipelineByPropertyName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };

    // Those with a position first, then what must be named, then the rest: the order of Get-Command -Syntax.
    private static string Line(Type cmdlet, string set)
    {
        var used = CmdletParameter.Of(cmdlet).Select(parameter => (Parameter: parameter, Declared: parameter.In(set))).Where(pair => pair.Declared is not null)
            .OrderBy(pair => pair.Declared!.Position == int.MinValue ? int.MaxValue : pair.Declared.Position)
            .ThenByDescending(pair => pair.Declared!.Mandatory)
            .Select(pair => Part(pair.Parameter, pair.Declared!));
        IEnumerable<string> parts = [ModuleAssembly.CommandName(cmdlet), .. used, .. EnginesOwnOf(cmdlet).Select(name => $"[-{name}]"), "[<CommonParameters>]"];
        return Wrap(parts);
    }

    private static string Part(CmdletParameter parameter, ParameterAttribute declared)
    {
        string name = declared.Position == int.MinValue ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
        string part = parameter.Property.PropertyType == typeof(SwitchParameter) ? name : $"{name} <{NameOf(parameter.Property.PropertyType)}>";
        return declared.Mandatory ? part : $"[{part}]";
    }

    private static string Wrap(IEnumerable<string> parts)
    {
        var text = new StringBuilder();
        int column = 0;
        foreach (string part in parts)
        {
            if (column > 0) text.Append(column + part.Length >= LineWidth ? "\n " : " ");
            column = column + part.Length >= LineWidth ? part.Length + 1 : column + part.Length + 1;
            text.Append(part);
        }
        return text.ToString();
    }

    private static string Block(string code) => Block("", code);

    private static string Block(string language, string code) => $"```{language}\n{code}\n```";
}
