using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>
/// Reads a PowerShell data file of strings, arrays and tables, as manifests are: a table becomes a dictionary, an array or
/// a list with commas an array, everything else a string (variables such as $true by their name).
/// </summary>
internal sealed partial class PowerShellDataFile
{
    private readonly string[] _tokens;
    private int _next;

    private PowerShellDataFile(string text) =>
        _tokens = [.. Token().Matches(text).Select(match => match.Value).Where(token => !IsComment(token))];

    private string Current => _next < _tokens.Length ? _tokens[_next] : throw new FormatException("The data file ends too early.");

    public static Dictionary<string, object> Parse(string text) => (Dictionary<string, object>)new PowerShellDataFile(text).ReadElement();

    private static bool IsComment(string token) => token[0] == '#' || token.StartsWith("<#", StringComparison.Ordinal);

    private object ReadValue()
    {
        object first = ReadElement();
        if (_next == _tokens.Length || Current != ",")
            return first;
        List<object> list = [first];
        while (_next < _tokens.Length && Current == ",")
        {
            _next++;
            list.Add(ReadElement());
        }
        return list.ToArray();
    }

    private object ReadElement()
    {
        string token = Take();
        return token switch
        {
            "@{" => ReadTable(),
            "@(" => ReadArray(),
            _ when token[0] == '\'' => token[1..^1].Replace("''", "'", StringComparison.Ordinal),
            _ when token[0] == '"' => token[1..^1],
            _ => token,
        };
    }

    private Dictionary<string, object> ReadTable()
    {
        var table = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        while (Current != "}")
        {
            if (Current == ";")
            {
                _next++;
                continue;
            }
            string key = (string)ReadElement();
            if (Take() != "=")
                throw new FormatException($"The key {key} is not followed by an equals sign.");
            table.Add(key, ReadValue());
        }
        _next++;
        return table;
    }

    private object[] ReadArray()
    {
        List<object> list = [];
        while (Current != ")")
        {
            object value = ReadValue();
            list.AddRange(value is object[] several ? several : [value]);
        }
        _next++;
        return [.. list];
    }

    private string Take()
    {
        string token = Current;
        _next++;
        return token;
    }

    [GeneratedRegex("""<\#.*?\#> | \#[^\n]* | '(?:[^']|'')*' | "[^"]*" | @\{ | @\( | [})=,;] | [^\s'"@{}()=,;\#]+""",
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}
