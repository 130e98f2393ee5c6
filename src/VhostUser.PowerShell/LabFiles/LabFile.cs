using System.Collections;
using System.Management.Automation.Language;

namespace VhostUser.LabFiles;

/// <summary>Reads a .psd1 file as Import-PowerShellDataFile does, nothing in it is run, and knows in which line a key stands.</summary>
internal static class LabFile
{
    /// <exception cref="VhostException">LabInvalid: it is no data file. HandleNotFound: there is no such file.</exception>
    public static LabSource Read(string path)
    {
        if (!File.Exists(path)) throw new VhostException(VhostError.HandleNotFound, $"There is no file '{path}'.", path, "Give the path of a lab file, a .psd1.");
        ScriptBlockAst ast = Parser.ParseFile(path, out _, out ParseError[] errors);
        var source = new LabSource(new Hashtable(), path, static _ => null);
        if (errors.Length > 0) throw source.Error(errors[0].Message.TrimEnd('.'), errors[0].Extent.StartLineNumber);
        if (ast.Find(static node => node is HashtableAst, searchNestedScriptBlocks: false) is not HashtableAst table)
            throw source.Error("expected a table @{ … }, and there is none", null);
        try
        {
            return LabSource.Of((IDictionary)table.SafeGetValue()) with { Path = path, LineOf = key => LineOf(table, key) };
        }
        catch (InvalidOperationException error)
        {
            throw source.Error("a lab file holds text, numbers, $true, $false, lists and tables, and nothing that must be run: " + error.Message.TrimEnd('.'), null);
        }
    }

    /// <summary>The line of the innermost of the keys that is there.</summary>
    private static int? LineOf(HashtableAst table, IReadOnlyList<string> key)
    {
        int? line = null;
        HashtableAst? inner = table;
        foreach (string name in key)
        {
            var pair = inner?.KeyValuePairs.FirstOrDefault(pair => string.Equals(NameOf(pair.Item1), name, StringComparison.OrdinalIgnoreCase));
            if (pair is null) break;
            line = pair.Item1.Extent.StartLineNumber;
            inner = pair.Item2.Find(static node => node is HashtableAst, searchNestedScriptBlocks: false) as HashtableAst;
        }
        return line;
    }

    private static string? NameOf(ExpressionAst key) => (key as ConstantExpressionAst)?.Value?.ToString();
}
