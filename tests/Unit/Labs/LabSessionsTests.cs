using VhostUser.LabFiles;
using VhostUser.Labs;
using Xunit;

namespace VhostUser.Tests.Labs;

/// <summary>Which session makes which host's part; that it is made there is proven by Pester, over SSH.</summary>
public class LabSessionsTests
{
    private static readonly Lab s_lab = new("two", new SortedDictionary<string, string> { ["left"] = "node1", ["right"] = "node2" }, []);

    [Fact]
    public void A_session_of_the_hosts_name_goes_before_one_to_its_address() => Assert.Equal(
        [("left", "LEFT@x"), ("right", "s2@NODE2")], Match("s0@node1", "LEFT@x", "s2@NODE2"));

    [Fact]
    public void A_host_without_a_session_is_refused_with_what_there_is()
    {
        VhostException error = Assert.Throws<VhostException>(() => Match("left@node1", "other@node3"));
        Assert.Contains("Host 'right' of lab 'two' has no session; there are left to node1, other to node3", error.Message);
        Assert.Equal("Open one: New-PSSession -Name right -HostName node2", error.RecommendedAction);
    }

    [Fact]
    public void A_lab_of_one_host_takes_no_sessions() =>
        Assert.Throws<VhostException>(() => LabSessions.Match(s_lab with { Hosts = new Dictionary<string, string>() }, ["a@b"], Name, Computer).ToArray());

    private static (string, string)[] Match(params string[] sessions) => [.. LabSessions.Match(s_lab, sessions, Name, Computer)];

    private static string Name(string session) => session.Split('@')[0];

    private static string Computer(string session) => session.Split('@')[1];
}
