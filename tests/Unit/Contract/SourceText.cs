using System.Text.RegularExpressions;

namespace VhostUser.Tests.Contract;

/// <summary>C# code as the source rules read it.</summary>
internal static partial class SourceText
{
    /// <summary>The code with comments gone and with empty strings and characters, so that words in them count for nothing.</summary>
    public static string WithoutComments(string code) => CommentOrText().Replace(code, match => match.Value[0] == '/' ? "" : "\"\"");

    [GeneratedRegex(
        """"
        //[^\n]* | /\*.*?\*/ | """+.*?"""+ | \$*@\$*"(?:[^"]|"")*" | "(?:\\.|[^"\\\n])*" | '(?:\\.[^']*|[^'\\\n])'
        """",
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentOrText();
}
