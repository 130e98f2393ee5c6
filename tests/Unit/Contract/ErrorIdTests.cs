using System.Text.RegularExpressions;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>The ids of errors are part of the contract with users, so a page lists every one.</summary>
public class ErrorIdTests
{
    [Fact]
    public void Every_error_id_is_listed() => Violations.AssertNone(
        Unlisted(Enum.GetNames<VhostError>(), RepositoryFiles.Read("docs/en-US/about_VhostUser_Errors.md")));

    [Fact]
    public void The_page_has_the_category_of_every_error_and_an_advice()
    {
        string page = RepositoryFiles.Read("docs/en-US/about_VhostUser_Errors.md");
        Violations.AssertNone(Enum.GetValues<VhostError>().SelectMany(error =>
        {
            Match row = Regex.Match(page, $@"^\| `{error}` \| (\w+) \| [^|]+ \| ([^|]+) \|$", RegexOptions.Multiline);
            string category = VhostUser.Commands.ErrorRecords.CategoryOf(error).ToString();
            return !row.Success ? [$"{error}: the page has no row with id, category, meaning and what to do."]
                : row.Groups[1].Value != category ? new[] { $"{error}: the page says {row.Groups[1].Value}, the code {category}." } : [];
        }));
    }

    [Fact]
    public void An_error_id_that_is_only_mentioned_is_found()
    {
        const string page = "### RingLost\n| `PeerGone` | closed |\n- **NameInUse**: taken\nA Timeout may come, or\nRingLostAgain.";
        Assert.Equal(
            ["The error id Timeout is not listed.", "The error id RingLostAgain is not listed."],
            Unlisted(["RingLost", "PeerGone", "NameInUse", "Timeout", "RingLostAgain"], page));
    }

    // Listed means: a heading, the first cell of a table's row or the start of a list's item.
    private static IEnumerable<string> Unlisted(IEnumerable<string> ids, string page) => ids
        .Where(id => !Regex.IsMatch(page, $@"^\s*(#+|\||[-*])\s*[`*]*{id}\b", RegexOptions.Multiline))
        .Select(id => $"The error id {id} is not listed.");
}
