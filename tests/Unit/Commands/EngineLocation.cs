using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace VhostUser.Tests.Commands;

/// <summary>Which System.Management.Automation the tests run on: the stand-in, or the real one in <see cref="PwshHome"/>.</summary>
internal static class EngineLocation
{
    /// <summary>The folder given with -p:PwshHome, or an empty string for the stand-in.</summary>
    public static string PwshHome { get; } = Path.TrimEndingDirectorySeparator(BuildValue(nameof(PwshHome)));

    /// <summary>A value that the project file wrote into this assembly.</summary>
    public static string BuildValue(string key) =>
        typeof(EngineLocation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(pair => pair.Key == key).Value ?? "";

    // The real engine stays in its own folder, where it finds its other assemblies and its native library.
    [ModuleInitializer]
    internal static void UsePwshHome()
    {
        if (PwshHome.Length == 0)
            return;
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            string file = Path.Combine(PwshHome, name.Name + ".dll");
            return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        };
    }
}
