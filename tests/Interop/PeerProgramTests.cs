using System.Diagnostics;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>The harness itself: a child is heard, can be spoken to, and is gone afterwards.</summary>
public class PeerProgramTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [Fact]
    public void Lines_of_both_streams_are_collected_and_input_is_heard()
    {
        using var peer = Shell("echo out; echo err >&2; read word; echo heard $word");
        peer.WaitForLine("^out$", Bound);
        peer.WaitForLine("^err$", Bound);
        peer.Send("hello");
        Assert.Equal("hello", peer.WaitForLine("heard (.*)", Bound).Groups[1].Value);
    }

    [Fact]
    public void Waiting_for_a_line_that_never_comes_fails_with_what_was_printed()
    {
        using var peer = Shell("echo something else; sleep 30");
        peer.WaitForLine("else", Bound);
        var failure = Assert.Throws<InvalidOperationException>(() => peer.WaitForLine("never", TimeSpan.FromMilliseconds(200)));
        Assert.Contains("/never/", failure.Message);
        Assert.Contains("something else", failure.Message);
    }

    [Fact]
    public void Waiting_for_a_line_ends_when_the_program_ends()
    {
        using var peer = Shell("echo bye; exit 7");
        var watch = Stopwatch.StartNew();
        var failure = Assert.Throws<InvalidOperationException>(() => peer.WaitForLine("never", TimeSpan.FromSeconds(30)));
        Assert.Contains("ended with code 7", failure.Message);
        Assert.True(watch.Elapsed < Bound, $"waited {watch.Elapsed}");
    }

    [Fact]
    public void A_program_that_obeys_ends_when_asked()
    {
        using var peer = Shell("trap 'echo asked; exit 0' INT; echo ready; while :; do sleep 0.1; done");
        peer.WaitForLine("ready", Bound);
        Assert.True(peer.Stop(Bound));
        Assert.Contains("asked", peer.Lines());
        Assert.False(peer.IsRunning);
    }

    [Fact]
    public void A_program_that_does_not_obey_is_ended_by_force_with_its_children()
    {
        using var peer = Shell("trap '' INT; sleep 30 & echo ready; while :; do sleep 0.1; done");
        peer.WaitForLine("ready", Bound);
        Assert.False(peer.Stop(TimeSpan.FromMilliseconds(300)));
        AssertGone(peer);
    }

    [Fact]
    public void A_program_ends_when_its_lifetime_is_over_even_if_nobody_stops_it()
    {
        using var peer = PeerProgram.Start("sleep", ["30"], TimeSpan.FromSeconds(1));
        Assert.True(peer.WaitForExit(Bound));
        AssertGone(peer);
    }

    [Fact]
    public void A_missing_program_gives_a_reason_to_skip_and_a_present_one_does_not()
    {
        Assert.Contains("no-such-program not found", new PeerFactAttribute("no-such-program").Skip);
        Assert.Contains("no-such-program not found", new PeerTheoryAttribute("no-such-program").Skip);
        Assert.Null(new PeerFactAttribute("sh").Skip);
    }

    /// <summary>Asserts that no process of the peer's group is left; the kernel may need a moment to reap the killed ones.</summary>
    internal static void AssertGone(PeerProgram peer) =>
        Assert.True(SpinWait.SpinUntil(() => !peer.IsRunning, Bound), $"process group {peer.ProcessId} is still there");

    private static PeerProgram Shell(string script) => PeerProgram.Start("sh", ["-c", script], TimeSpan.FromSeconds(30));
}
