using System.Management.Automation;
using VhostUser.Tests.Commands;

namespace VhostUser.Tests.Contract;

/// <summary>What parameters may be called and how they take the pipeline.</summary>
internal static class CmdletParameterRules
{
    // about_CommonParameters, with their aliases.
    private static readonly HashSet<string> _reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Debug", "db", "ErrorAction", "ea", "ErrorVariable", "ev", "InformationAction", "infa", "InformationVariable", "iv",
        "OutBuffer", "ob", "OutVariable", "ov", "PipelineVariable", "pv", "ProgressAction", "proga", "Verbose", "vb",
        "WarningAction", "wa", "WarningVariable", "wv", "WhatIf", "wi", "Confirm", "cf", "UseTransaction", "usetx",
    };

    // A bare socket is no object; taken from a Path property, it would take the sockets of clients and servers, which have one, too.
    private static readonly HashSet<(string Command, string Set)> _withoutPipeline = [("Send-VhostRequest", "Path")];

    public static IEnumerable<string> Check(Type cmdlet)
    {
        string command = ModuleAssembly.CommandName(cmdlet);
        var parameters = CmdletParameter.Of(cmdlet);
        foreach (var parameter in parameters)
        {
            if ((Nullable.GetUnderlyingType(parameter.Property.PropertyType) ?? parameter.Property.PropertyType) == typeof(bool))
                yield return $"{command} -{parameter.Name}: is a bool; a SwitchParameter is expected.";
            foreach (string name in parameter.Names.Where(_reserved.Contains))
                yield return $"{command} -{name}: the name belongs to the engine.";
        }

        if (parameters.Count == 0)
            yield break;
        foreach (string set in CmdletParameter.SetsOf(cmdlet))
        {
            ParameterAttribute[] declared = [.. parameters.Select(parameter => parameter.In(set)).OfType<ParameterAttribute>()];
            if (declared.Count(one => one.ValueFromPipeline) > 1)
                yield return $"{command}, set {set}: several parameters take the pipeline's objects by value.";
            if (!_withoutPipeline.Contains((command, set)) && !declared.Any(one => one.ValueFromPipeline || one.ValueFromPipelineByPropertyName))
                yield return $"{command}, set {set}: no parameter takes pipeline input.";
        }
    }
}
