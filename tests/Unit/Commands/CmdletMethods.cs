using System.Management.Automation;
using System.Reflection;

namespace VhostUser.Tests.Commands;

/// <summary>Calls the four protected methods that every cmdlet has.</summary>
internal static class CmdletMethods
{
    public static void Begin(Cmdlet cmdlet) => Call(cmdlet, "BeginProcessing");

    public static void Process(Cmdlet cmdlet) => Call(cmdlet, "ProcessRecord");

    public static void End(Cmdlet cmdlet) => Call(cmdlet, "EndProcessing");

    public static void Stop(Cmdlet cmdlet) => Call(cmdlet, "StopProcessing");

    private static void Call(Cmdlet cmdlet, string method) =>
        typeof(Cmdlet).GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)!
            .Invoke(cmdlet, BindingFlags.DoNotWrapExceptions, null, null, null);
}
