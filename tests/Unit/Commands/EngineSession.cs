using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace VhostUser.Tests.Commands;

/// <summary>
/// Gives a cmdlet what only the engine can set: its parameter set, and on the real engine a session to resolve paths in
/// and its own name. This is the one place that reaches for non-public members; a missing one fails every test.
/// </summary>
internal static class EngineSession
{
    private const BindingFlags NonPublic = BindingFlags.Instance | BindingFlags.NonPublic;

    public static void Attach(Cmdlet cmdlet)
    {
        // The stand-in's session and name need no setting up.
        if (!EngineLocation.IsStandIn)
            AttachToRunspace(cmdlet);
    }

    public static void SetParameterSet(Cmdlet cmdlet, string name) =>
        (typeof(Cmdlet).GetMethod("SetParameterSetName", NonPublic) ?? throw Missing("SetParameterSetName")).Invoke(cmdlet, [name]);

    // Not inlined: the stand-in has no runspaces, so this method cannot be compiled on it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AttachToRunspace(Cmdlet cmdlet)
    {
        object context = Property(typeof(Runspace), "ExecutionContext").GetValue(RealSession.Runspace)!;
        Property(typeof(Cmdlet), "Context").SetValue(cmdlet, context);
        if (cmdlet.GetType().GetCustomAttribute<CmdletAttribute>() is { } name)
        {
            var command = new CmdletInfo($"{name.VerbName}-{name.NounName}", cmdlet.GetType());
            Property(typeof(Cmdlet), "CommandInfo").SetValue(cmdlet, command);
        }
    }

    private static PropertyInfo Property(Type type, string name) => type.GetProperty(name, NonPublic) ?? throw Missing(name);

    private static MissingMemberException Missing(string name) => new($"System.Management.Automation has no member {name} any more.");

    private static class RealSession
    {
        public static readonly Runspace Runspace = Open();

        private static Runspace Open()
        {
            var runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
            runspace.Open();
            return runspace;
        }
    }
}
