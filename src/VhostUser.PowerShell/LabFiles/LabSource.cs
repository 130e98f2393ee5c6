using System.Collections;
using System.Management.Automation;
using VhostUser.Labs;

namespace VhostUser.LabFiles;

/// <summary>Where a lab is described: a file, or a table that was given at the prompt.</summary>
/// <param name="Table">Its table, of plain values.</param>
/// <param name="Path">The file's absolute path, or null.</param>
/// <param name="LineOf">The line of a key in the file, or null when it is not known.</param>
internal sealed record LabSource(IDictionary Table, string? Path, Func<IReadOnlyList<string>, int?> LineOf)
{
    /// <summary>A table given at the prompt, perhaps in another process.</summary>
    public static LabSource Of(IDictionary table) => new((IDictionary)Plain(table)!, null, static _ => null);

    /// <summary>The table with its name in it, for another process, which has no file to take the name from.</summary>
    public Hashtable Named(string name) => new(Table, StringComparer.OrdinalIgnoreCase) { ["Name"] = name };

    /// <summary>Reads the lab.</summary>
    /// <param name="problems">What is wrong with it, each as an error that names file, line and key; empty when the lab can be used.</param>
    public Lab Read(out IReadOnlyList<VhostException> problems)
    {
        string name = Path is null ? "lab" : System.IO.Path.GetFileNameWithoutExtension(Path);
        Lab lab = LabReader.Read(Table, name, out IReadOnlyList<LabProblem> found);
        problems = [.. found.Select(problem => (Text: problem.ToString(), Line: LineOf(problem.Key))).OrderBy(problem => problem.Line).Select(problem => Error(problem.Text, problem.Line))];
        return lab;
    }

    /// <summary>An error in this lab.</summary>
    public VhostException Error(string message, int? line) => new(VhostError.LabInvalid,
        $"{(Path is null ? "Lab" : System.IO.Path.GetFileName(Path))}{(line is null ? "" : $":{line}")}: {message}.", Path, "about_VhostUser_Labs has all keys; Test-VhostLab checks a file without making anything.");

    /// <summary>The value without PowerShell's wrappers, which Core does not know.</summary>
    private static object? Plain(object? value) => value switch
    {
        PSObject wrapped => Plain(wrapped.BaseObject),
        IDictionary table => PlainTable(table),
        IEnumerable list and not string => list.Cast<object?>().Select(Plain).ToArray(),
        object other => other,
        null => null,
    };

    private static Hashtable PlainTable(IDictionary table)
    {
        var plain = new Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in table) plain[Plain(entry.Key)!] = Plain(entry.Value);
        return plain;
    }
}
