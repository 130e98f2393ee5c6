using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>The interop matrix: every test against a vhost-user peer is a row of it, and what is committed is a run of them in which nothing failed.</summary>
public class InteropMatrixTests
{
    private const string AboutTheHarness = "TestpmdTests"; // peers among themselves
    private static readonly string[] s_fields = ["peer", "version", "role", "case", "result", "detail"];

    [Fact]
    public void A_class_of_tests_that_need_a_peer_names_it() => Violations.AssertNone(
        TestClasses().Where(test => test is { Peer: null, NeedsPeer: true } && test.Class != AboutTheHarness).Select(test => $"{test.Class} has no [Peer(\"name\", \"role\")]."));

    [Fact]
    public void The_committed_matrix_has_rows_of_every_peer_and_none_that_failed()
    {
        JsonElement[] rows = [.. JsonDocument.Parse(RepositoryFiles.Read("docs/interop.json")).RootElement.EnumerateArray()];
        Assert.All(rows, row => Assert.Equal(s_fields, row.EnumerateObject().Select(field => field.Name)));
        Assert.All(rows, row => Assert.Contains(row.GetProperty("result").GetString(), (string[])["pass", "skip"]));
        string[] peers = [.. rows.Select(row => row.GetProperty("peer").GetString()!).Distinct()];
        Assert.Empty(TestClasses().Select(test => test.Peer).OfType<string>().Except(peers));
        string page = RepositoryFiles.Read("docs/interop.md"), readme = RepositoryFiles.Read("README.md");
        Assert.All(peers, peer => Assert.Contains($"| {peer} |", readme));
        Assert.Equal(rows.Length, Regex.Count(page, @"\| (pass|skip) \|"));
    }

    private static IEnumerable<(string Class, string? Peer, bool NeedsPeer)> TestClasses() =>
        from file in RepositoryFiles.Below("tests/Interop", "Tests.cs")
        let text = RepositoryFiles.Read(file)
        from Match match in Regex.Matches(text, @"(?:\[Peer\(""([^""]*)"", ""[^""]*""\)\]\n)?public (?:sealed )?class (\w+Tests)\b")
        select (match.Groups[2].Value, match.Groups[1].Success ? match.Groups[1].Value : null, Regex.IsMatch(text, @"\[(Peer|Qemu)(Fact|Theory)"));
}
