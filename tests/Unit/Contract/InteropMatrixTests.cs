using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>The interop matrix: every test against a peer is a row of it, and what is committed is a run of them in which nothing failed.</summary>
public class InteropMatrixTests
{
    private static readonly string[] s_aboutTheHarness = ["PeerProgramTests", "TestpmdTests"];
    private static readonly string[] s_fields = ["peer", "version", "role", "case", "result", "detail"];

    [Fact]
    public void Every_class_of_interop_tests_names_its_peer() => Violations.AssertNone(
        TestClasses().Where(test => test.Peer is null && !s_aboutTheHarness.Contains(test.Class)).Select(test => $"{test.Class} has no [Peer(\"name\", \"role\")]."));

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

    private static IEnumerable<(string Class, string? Peer)> TestClasses() =>
        from file in RepositoryFiles.Below("tests/Interop", "Tests.cs")
        from Match match in Regex.Matches(RepositoryFiles.Read(file), @"(?:\[Peer\(""([^""]*)"", ""[^""]*""\)\]\n)?public (?:sealed )?class (\w+Tests)\b")
        select (match.Groups[2].Value, match.Groups[1].Success ? match.Groups[1].Value : null);
}
