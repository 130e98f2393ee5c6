using System.Reflection;

namespace VhostUser.Tests.Commands;

/// <summary>Which System.Management.Automation the tests run on, as the project file wrote it into this assembly.</summary>
internal static class EngineLocation
{
    private const string FileName = "System.Management.Automation.dll";

    /// <summary>The engine that has to be loaded: the stand-in, or the real one with -p:PwshHome.</summary>
    public static string Engine { get; } = Path.Combine(BuildValue("EngineFolder"), FileName);

    public static string StandIn { get; } = Path.Combine(BuildValue("StandInEngineFolder"), FileName);

    /// <summary>The hollow assembly that the module and the tests compile against.</summary>
    public static string PowerShellStandard { get; } = Path.Combine(BuildValue("PowerShellStandardFolder"), FileName);

    public static bool IsStandIn => Engine == StandIn;

    public static string BuildValue(string key) =>
        typeof(EngineLocation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(pair => pair.Key == key).Value!;
}
