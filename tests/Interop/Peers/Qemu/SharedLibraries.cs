using System.Text;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Finds the shared libraries that programs of this machine are linked to.</summary>
internal static partial class SharedLibraries
{
    /// <summary>The files of all of them, the loader included.</summary>
    public static IEnumerable<string> Of(string[] programs) => programs.Length == 0 ? []
        : Line().Matches(Encoding.UTF8.GetString(Programs.Filter(["ldd", .. programs], default))).Select(match => match.Groups[1].Value).Distinct();

    // ldd(1): "name => /path (0x…)", and for the loader "/path (0x…)".
    [GeneratedRegex(@"^\t(?:\S+ => )?(/\S+) \(0x", RegexOptions.Multiline)]
    private static partial Regex Line();
}
