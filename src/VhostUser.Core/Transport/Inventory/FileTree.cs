using System.Globalization;

namespace VhostUser.Transport.Inventory;

/// <summary>The small files by which a kernel tells of itself, below "/" or below a copy of it.</summary>
internal sealed class FileTree(string root)
{
    /// <summary>Whether this is the running machine's own tree.</summary>
    public bool IsLive => root == "/";

    public bool Exists(string path) => Path.Exists(Full(path));

    /// <summary>The content without white space at its ends; null for a file that is missing, empty, or refuses to be read, as unused entries of tables do.</summary>
    public string? Text(string path)
    {
        try
        {
            return File.ReadAllText(Full(path)).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A decimal number, or one that begins with 0x.</summary>
    public ulong? Number(string path)
    {
        string? text = Text(path);
        return text is null ? null
            : text.StartsWith("0x", StringComparison.Ordinal) ? ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong hex) ? hex : null
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;
    }

    /// <summary>The entries of a folder, numbers in order of their values; none when there is no such folder.</summary>
    public string[] Names(string path)
    {
        string folder = Full(path);
        if (!Directory.Exists(folder)) return [];
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry))
                .OrderBy(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue)
                .ThenBy(name => name, StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The value of a line "KEY=value" of a file such as uevent.</summary>
    public string? Value(string path, string key) =>
        Text(path)?.Split('\n').FirstOrDefault(line => line.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];

    /// <summary>The file name of what a symbolic link leads to.</summary>
    public string? LinkName(string path) => new FileInfo(Full(path)).LinkTarget is string target ? Path.GetFileName(target) : null;

    private string Full(string path) => Path.Combine(root, path);
}
