using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>How a contract test ends: a rule returns a sentence for every breach of it.</summary>
internal static class Violations
{
    public static void AssertNone(IEnumerable<string> violations)
    {
        string[] found = [.. violations];
        Assert.True(found.Length == 0, string.Join(Environment.NewLine, found));
    }
}
