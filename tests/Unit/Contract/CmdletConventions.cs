using System.Management.Automation;
using System.Reflection;
using VhostUser.Arguments;
using VhostUser.Tests.Commands;

namespace VhostUser.Tests.Contract;

/// <summary>What users of one cmdlet may expect of every other: completion, names or objects, wildcards, -PassThru, progress.</summary>
internal static class CmdletConventions
{
    // Words of the user's own, or names of new things: nothing there to complete. Paths of plain files are completed by the shell.
    private static readonly HashSet<string> s_freeText = ["Name", "Hex", "Title", "Label", "Comment", "File", "Root", "Folder", "HostName",
        "ChartPath", // a file
        "Listen", "Connect", // addresses of hosts
        "PeerFingerprint", // copied from the other host
    ];

    // The names are in a file that is not read while its user types.
    private static readonly HashSet<(string Command, string Parameter)> s_namesOfFiles = [("Send-VringPacket", "Interface")];

    // They change something and write nothing else.
    private static readonly HashSet<string> s_sinkVerbs = ["Add", "Remove", "Set", "Stop", "Disconnect", "Enable", "Disable", "Suspend", "Resume", "Reset"];

    private static readonly Dictionary<string, Type> s_handles = new()
    {
        ["Server"] = typeof(ServerArgument), ["Client"] = typeof(ClientArgument), ["Region"] = typeof(RegionArgument), ["Bridge"] = typeof(BridgeArgument),
    };

    // What they wait for goes on in the background, or is drawn on the screen.
    private static readonly HashSet<string> s_withoutProgress = ["Start-VringCapture", "Watch-Vring"];

    // Their -Path is a socket.
    private static readonly HashSet<string> s_socketNouns = ["VhostServer", "VhostClient", "VhostRequest"];

    public static IEnumerable<string> Check(Type cmdlet)
    {
        var name = cmdlet.GetCustomAttribute<CmdletAttribute>()!;
        string command = ModuleAssembly.CommandName(cmdlet);
        foreach (CmdletParameter parameter in CmdletParameter.Of(cmdlet))
        {
            if (!s_namesOfFiles.Contains((command, parameter.Name)) && LacksCompleter(parameter, name))
                yield return $"{command} -{parameter.Name}: has no [ArgumentCompleter]; live names, values of a set, or a word in the list of free text are expected.";
            if (s_handles.TryGetValue(parameter.Name, out Type? handle) && ElementOf(parameter) != handle)
                yield return $"{command} -{parameter.Name}: is a {ElementOf(parameter).Name}; a {handle.Name} takes names and objects alike.";
            if (name.VerbName == VerbsCommon.Get && parameter.Name == "Name" && !parameter.Property.IsDefined(typeof(SupportsWildcardsAttribute)))
                yield return $"{command} -Name: takes no wildcards.";
        }
        if (s_sinkVerbs.Contains(name.VerbName) && CmdletParameter.Of(cmdlet).All(parameter => parameter.Name != "PassThru"))
            yield return $"{command}: has no -PassThru.";
    }

    /// <summary>A cmdlet that waits shows progress: its own file, or that of its base, writes some.</summary>
    public static IEnumerable<string> CheckProgress(Type cmdlet, Func<Type, string> read)
    {
        bool waits = CmdletParameter.Of(cmdlet).Any(parameter => parameter.Name is "Timeout" or "Duration");
        bool shows = Family(cmdlet).Any(type => read(type).Contains("Progress(", StringComparison.Ordinal));
        return waits && !shows && !s_withoutProgress.Contains(ModuleAssembly.CommandName(cmdlet)) ? [$"{ModuleAssembly.CommandName(cmdlet)}: waits (-Timeout, -Duration), but shows no progress."] : [];
    }

    private static IEnumerable<Type> Family(Type cmdlet)
    {
        for (Type? type = cmdlet; type is not null && type.Name is not "VhostCmdlet" and not nameof(Cmdlet); type = type.BaseType) yield return type;
    }

    private static bool LacksCompleter(CmdletParameter parameter, CmdletAttribute cmdlet)
    {
        var property = parameter.Property;
        if (property.IsDefined(typeof(ArgumentCompleterAttribute)) || property.IsDefined(typeof(ValidateSetAttribute))) return false;
        Type element = ElementOf(parameter);
        if (element == typeof(CredentialArgument)) return false; // a secret
        if (element.Namespace == typeof(ServerArgument).Namespace || parameter.Name == "Queue") return true;
        if (element != typeof(string)) return false; // enums are completed by the shell, numbers by nobody
        return parameter.Name is "Path" or "Destination" or "LiteralPath" ? s_socketNouns.Contains(cmdlet.NounName) : !s_freeText.Contains(parameter.Name);
    }

    private static Type ElementOf(CmdletParameter parameter)
    {
        Type type = Nullable.GetUnderlyingType(parameter.Property.PropertyType) ?? parameter.Property.PropertyType;
        return type.IsArray ? type.GetElementType()! : type;
    }
}
