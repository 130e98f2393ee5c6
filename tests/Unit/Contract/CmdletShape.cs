using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>What a cmdlet class is called and what kind of class it is.</summary>
internal static class CmdletShape
{
    public const string Namespace = "VhostUser.Commands";

    // Development Guidelines RD04: who changes the system lets the user say no.
    private static readonly HashSet<string> _changingVerbs =
        ["New", "Add", "Remove", "Set", "Start", "Stop", "Connect", "Disconnect", "Enable", "Disable", "Reset", "Suspend", "Resume", "Import", "Export", "Register", "Unregister"];

    // As New-TimeSpan: what they make is a value, and nothing outside the pipeline changes.
    private static readonly HashSet<string> _valueMakers = ["New-VhostPacket", "New-IbKey"];

    // As Import-Module: what they bring is code of this session, gone with it.
    private static readonly HashSet<string> _sessionChangers = ["Import-VhostPesterAssertion"];

    private static readonly HashSet<string> _approvedVerbs =
        [.. new[] { typeof(VerbsCommon), typeof(VerbsCommunications), typeof(VerbsData), typeof(VerbsDiagnostic), typeof(VerbsLifecycle),
            typeof(VerbsSecurity), typeof(VerbsOther) }.SelectMany(Constants)];

    public static IEnumerable<string> Check(Type cmdlet)
    {
        if (cmdlet.GetCustomAttribute<CmdletAttribute>() is not { } name)
        {
            yield return $"{cmdlet} has no [Cmdlet].";
            yield break;
        }
        string command = ModuleAssembly.CommandName(cmdlet);
        if (!_approvedVerbs.Contains(name.VerbName))
            yield return $"{command}: {name.VerbName} is no approved verb.";
        if (cmdlet.FullName != $"{Namespace}.{name.VerbName}{name.NounName}Command")
            yield return $"{command}: the class is {cmdlet.FullName}, expected {Namespace}.{name.VerbName}{name.NounName}Command.";
        if (!cmdlet.IsPublic || !cmdlet.IsSealed)
            yield return $"{command}: the class is not public and sealed.";
        if (_changingVerbs.Contains(name.VerbName) && !_valueMakers.Contains(command) && !_sessionChangers.Contains(command) && !name.SupportsShouldProcess)
            yield return $"{command}: changes the system, but has no SupportsShouldProcess.";
    }

    /// <summary>The text of the file with the class's name holds this cmdlet and no other.</summary>
    public static IEnumerable<string> CheckFile(Type cmdlet, string code)
    {
        int cmdlets = SourceText.WithoutComments(code).Split("[Cmdlet(").Length - 1;
        if (cmdlets != 1 || !Regex.IsMatch(code, $@"\bclass {cmdlet.Name}\b"))
            yield return $"{cmdlet.Name}.cs has {cmdlets} cmdlets; expected {cmdlet.Name} alone.";
    }

    private static IEnumerable<string> Constants(Type verbs) =>
        verbs.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
}
