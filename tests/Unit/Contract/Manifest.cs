using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>What the module's manifest promises, against what the assembly holds.</summary>
internal static partial class Manifest
{
    public static IEnumerable<string> CheckExports(Dictionary<string, object> manifest, IEnumerable<string> cmdlets)
    {
        object? exported = manifest.GetValueOrDefault("CmdletsToExport");
        string[] names = exported switch
        {
            object[] list => [.. list.Cast<string>()],
            string one => [one],
            _ => [],
        };
        foreach (string name in cmdlets.Except(names))
            yield return $"CmdletsToExport lacks {name}.";
        foreach (string name in names.Except(cmdlets))
            yield return $"CmdletsToExport has {name}, which is no cmdlet of the assembly.";
        foreach (string key in new[] { "FunctionsToExport", "AliasesToExport", "VariablesToExport" })
        {
            if (manifest.GetValueOrDefault(key) is not object[] { Length: 0 })
                yield return $"{key} is not @().";
        }
    }

    public static IEnumerable<string> CheckVersion(Dictionary<string, object> manifest, string changelog, Version assembly)
    {
        string version = manifest.GetValueOrDefault("ModuleVersion") as string ?? "(none)";
        string newest = Release().Match(changelog) is { Success: true } release ? release.Groups[1].Value : "(none)";
        if (version != newest)
            yield return $"ModuleVersion is {version}; the top of the changelog is {newest}.";
        if (version != assembly.ToString(3))
            yield return $"ModuleVersion is {version}; the assembly's version is {assembly.ToString(3)}.";
    }

    // The headings of releases: "## [1.2.3] - 2026-01-31" or "## 1.2.3".
    [GeneratedRegex(@"^## \[?v?(\d+\.\d+\.\d+)\b", RegexOptions.Multiline)]
    private static partial Regex Release();
}
