using System.Text;
using System.Text.RegularExpressions;

namespace System.Management.Automation;

/// <summary>A pattern with *, ?, [set] and the backtick as escape.</summary>
public sealed class WildcardPattern
{
    private const char Escaper = '`';

    private readonly string _pattern;
    private readonly WildcardOptions _options;
    private Regex? _regex;

    public WildcardPattern(string pattern) : this(pattern, WildcardOptions.None) { }

    public WildcardPattern(string pattern, WildcardOptions options)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        _pattern = pattern;
        _options = options;
    }

    public static WildcardPattern Get(string pattern, WildcardOptions options) => new(pattern, options);

    public static bool ContainsWildcardCharacters(string pattern)
    {
        for (int i = 0; i < (pattern?.Length ?? 0); i++)
        {
            if (pattern![i] is '*' or '?' or '[' or ']')
                return true;
            if (pattern[i] == Escaper)
                i++;
        }
        return false;
    }

    public static string Escape(string pattern) => Regex.Replace(pattern, @"[*?\[\]]", match => Escaper + match.Value);

    public bool IsMatch(string input) => input is not null && (_regex ??= ToRegex()).IsMatch(input);

    private Regex ToRegex()
    {
        var options = RegexOptions.Singleline;
        if (_options.HasFlag(WildcardOptions.IgnoreCase))
            options |= RegexOptions.IgnoreCase;
        if (_options.HasFlag(WildcardOptions.CultureInvariant))
            options |= RegexOptions.CultureInvariant;

        var regex = new StringBuilder(@"\A");
        for (int i = 0; i < _pattern.Length; i++)
        {
            switch (_pattern[i])
            {
                case '*':
                    regex.Append(".*");
                    break;
                case '?':
                    regex.Append('.');
                    break;
                case '[':
                    int end = _pattern.IndexOf(']', Math.Min(i + 2, _pattern.Length));
                    if (end < 0)
                        throw new WildcardPatternException($"The wildcard pattern {_pattern} has a bracket that never closes.");
                    AppendSet(regex, _pattern[(i + 1)..end]);
                    i = end;
                    break;
                case Escaper when i + 1 < _pattern.Length:
                    regex.Append(Regex.Escape(_pattern[++i].ToString()));
                    break;
                default:
                    regex.Append(Regex.Escape(_pattern[i].ToString()));
                    break;
            }
        }
        return new Regex(regex.Append(@"\z").ToString(), options);
    }

    // Only the hyphen between two characters means something; a caret does not negate.
    private static void AppendSet(StringBuilder regex, string set)
    {
        regex.Append('[');
        for (int i = 0; i < set.Length; i++)
        {
            bool range = set[i] == '-' && i > 0 && i < set.Length - 1;
            regex.Append(range ? "-" : $"\\u{(int)set[i]:x4}");
        }
        regex.Append(']');
    }
}

/// <summary>How a pattern is compared.</summary>
[Flags]
public enum WildcardOptions
{
    None = 0,
    Compiled = 1,
    IgnoreCase = 2,
    CultureInvariant = 4,
}
