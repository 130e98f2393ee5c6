using System.Runtime.InteropServices;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>The .NET runtime that runs the tests, as a guest gets it: a program built for it needs no publishing of its own.</summary>
internal static class DotNetRuntime
{
    /// <summary>Gets the folder of the shared framework, which has its version for a name.</summary>
    public static string Folder { get; } = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd('/');

    /// <summary>Gets the folder of the installation.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Folder, "../../.."));

    /// <summary>Gets the files of the installation that programs without a user interface need.</summary>
    public static string[] Files =>
    [
        Path.Combine(Root, "dotnet"),
        .. Directory.EnumerateFiles(Path.Combine(Root, "host/fxr", Path.GetFileName(Folder))),
        .. Directory.EnumerateFiles(Folder).Where(file => !IsLeftOut(Path.GetFileName(file))),
    ];

    // Half of the bytes: what has to do with XML, Visual Basic, and the debugger.
    private static bool IsLeftOut(string name) =>
        name.StartsWith("System.Private.Xml", StringComparison.Ordinal) || name.StartsWith("Microsoft.VisualBasic", StringComparison.Ordinal)
        || name.StartsWith("System.Private.DataContract", StringComparison.Ordinal) || name.StartsWith("System.Data", StringComparison.Ordinal)
        || name.Contains("mscordaccore", StringComparison.Ordinal) || name.Contains("mscordbi", StringComparison.Ordinal) || name.Contains("createdump", StringComparison.Ordinal);
}
