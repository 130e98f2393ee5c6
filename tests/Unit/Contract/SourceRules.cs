using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>What the source of Core may depend on, where it may be unsafe, and how long a file may be.</summary>
internal static partial class SourceRules
{
    public const int MaximumLines = 300;

    /// <summary>The folders of Core whose code may be unsafe.</summary>
    public static readonly string[] UnsafeFolders = ["Interop", "Memory", "Rings", "Devices", "Endpoints"];

    /// <summary>The folders of Core and which others each may use; the root holds what everybody may use and uses nothing.</summary>
    public static readonly Dictionary<string, string[]> AllowedUses = new()
    {
        [""] = [],
        ["Interop"] = [],
        ["Protocol"] = [],
        ["Packets"] = [],
        ["Memory"] = ["Interop", "Protocol"],
        ["Rings"] = ["Memory", "Interop", "Protocol"],
        ["Devices"] = ["Rings", "Memory", "Packets", "Protocol", "Interop"],
        ["Transport"] = ["Memory", "Interop"],
        ["Endpoints"] = ["Devices", "Rings", "Memory", "Packets", "Protocol", "Transport", "Interop"],
        ["Reports"] = ["Endpoints", "Rings", "Memory"],
        ["Labs"] = ["Endpoints", "Memory", "Packets", "Protocol"],
    };

    /// <summary>Checks the uses of a file of Core.</summary>
    /// <param name="file">Its path in Core, as Rings/EventIndex.cs.</param>
    /// <param name="code">Its text.</param>
    /// <param name="typeExists">Whether a full name is that of a type, to tell Memory.Segment from a property named Memory.</param>
    public static IEnumerable<string> CheckUses(string file, string code, Func<string, bool> typeExists)
    {
        string folder = FolderOf(file);
        if (!AllowedUses.TryGetValue(folder, out string[]? allowed))
        {
            yield return $"{file}: the folder {folder} is not in the table of dependencies.";
            yield break;
        }

        code = SourceText.WithoutComments(code);
        if (Namespace().Match(code) is { Success: true } declared && declared.Groups[1].Value != folder)
            yield return $"{file}: declares {declared.Value}; expected one of its folder.";
        var qualified = FullName().Matches(code).Select(match => match.Groups[1].Value);
        var relative = RelativeName().Matches(code)
            .Where(match => typeExists($"VhostUser.{match.Value}"))
            .Select(match => match.Groups[1].Value);
        foreach (string used in qualified.Concat(relative).Distinct())
        {
            if (used != folder && AllowedUses.ContainsKey(used) && !allowed.Contains(used))
                yield return $"{file}: uses VhostUser.{used}, which {(folder.Length == 0 ? "the root" : folder)} may not.";
        }
    }

    public static IEnumerable<string> CheckUnsafe(string file, string code)
    {
        if (!UnsafeFolders.Contains(FolderOf(file)) && UnsafeWord().IsMatch(SourceText.WithoutComments(code)))
            yield return $"{file}: is unsafe; only {string.Join(", ", UnsafeFolders)} may be.";
    }

    public static IEnumerable<string> CheckLength(string file, string text)
    {
        int lines = text.AsSpan().TrimEnd('\n').Count('\n') + 1;
        if (lines > MaximumLines)
            yield return $"{file}: has {lines} lines; at most {MaximumLines} are allowed.";
    }

    private static string FolderOf(string file) => file.Contains('/') ? file[..file.IndexOf('/')] : "";

    [GeneratedRegex(@"\bnamespace\s+VhostUser\b(?:\.(\w+))?")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\bVhostUser\.(\w+)")]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![\w.])([A-Z]\w*)(?:\.[A-Z]\w*)+")]
    private static partial Regex RelativeName();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeWord();
}
