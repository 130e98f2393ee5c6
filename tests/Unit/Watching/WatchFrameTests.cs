using System.Text.RegularExpressions;
using VhostUser.Rings;
using VhostUser.Watching;
using Xunit;

namespace VhostUser.Tests.Watching;

/// <summary>The pictures of Watch-Vring: states in, lines out.</summary>
public partial class WatchFrameTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly WatchStyle s_colours = new("<n>", "<g>", "<w>", "<b>", "<a>", "<i>", "<u>", "<f>", "</>");

    private static readonly WatchedEndpoint s_client = new("vm0", "client, Running", "pwsh (8)", 3, 1.5e6,
        [new WatchedRing(Ring(0) with { AvailableIndex = 256, UsedIndex = 128, OwnUsedIndex = 64 }, 0), new WatchedRing(Ring(1) with { Verdict = "the ring is full" }, 2500)], null);

    [Fact]
    public void A_frame_has_a_line_for_each_ring_with_its_shares_rate_and_verdict()
    {
        string[] lines = new WatchFrame(120, 50, WatchStyle.Plain).Lines([s_client], s_now, "frame 1");
        Assert.Equal(
            [
                "03:04:05.6  frame 1",
                "ring: █ available  ▓ in flight  ▒ used, not taken back  · free",
                "",
                "vm0  client, Running  pwsh (8)  1.5 Mbit/s  dropped 3",
                "  0 RX  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒········   128/256          0 pps  ok",
                "  1 TX  ································     0/256       2.5 kpps  the ring is full",
            ], lines);
    }

    [Fact]
    public void Colours_tell_what_is_good_and_bad_and_take_no_room()
    {
        string[] plain = new WatchFrame(120, 50, WatchStyle.Plain).Lines([s_client], s_now, "f");
        string[] coloured = new WatchFrame(120, 50, s_colours).Lines([s_client], s_now, "f");
        Assert.Contains("<g>ok</>", coloured[4]);
        Assert.Contains("<w>the ring is full</>", coloured[5]);
        Assert.Contains("<b>  dropped 3</>", coloured[3]);
        Assert.Equal(plain, coloured.Select(line => Styles().Replace(line, "")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(300)]
    public void No_line_is_wider_than_the_terminal(int width) =>
        Assert.All(new WatchFrame(width, 50, s_colours).Lines([s_client], s_now, "frame 1"), line => Assert.InRange(Styles().Replace(line, "").Length, 0, width));

    [Fact]
    public void What_does_not_fit_the_height_is_counted()
    {
        string[] lines = new WatchFrame(80, 10, WatchStyle.Plain).Lines([s_client, s_client, s_client], s_now, "f");
        Assert.Equal(10, lines.Length);
        Assert.StartsWith("… 3 more lines", lines[^1]);
    }

    [Fact]
    public void One_descriptor_in_a_large_ring_is_seen()
    {
        var ring = new WatchedRing(Ring(1) with { Size = 32768, AvailableIndex = 1 }, 0);
        string line = new WatchFrame(120, 50, WatchStyle.Plain).Lines([s_client with { Rings = [ring] }], s_now, "f")[^1];
        Assert.Contains(" ▓···", line);
    }

    [Fact]
    public void What_controls_a_terminal_does_not_reach_it()
    {
        WatchedEndpoint evil = s_client with { Peer = "\e[2Jevil\u009b", Problem = "a\nb" };
        Assert.All(new WatchFrame(120, 50, WatchStyle.Plain).Lines([evil], s_now, "f"), line => Assert.DoesNotContain(line, char.IsControl));
    }

    [Fact]
    public void A_fault_and_a_stopped_ring_are_shown()
    {
        WatchedEndpoint faulted = s_client with { Problem = "the peer broke a rule", Rings = [new WatchedRing(Ring(0) with { Started = false, Size = 0, Verdict = "stopped: nobody" }, 0)] };
        string[] lines = new WatchFrame(120, 50, WatchStyle.Plain).Lines([faulted], s_now, "f");
        Assert.Equal("  the peer broke a rule", lines[4]);
        Assert.EndsWith("stopped: nobody", lines[5]);
        Assert.DoesNotContain('·', lines[5]);
    }

    [Fact]
    public void Plain_lines_are_one_for_each_ring() => Assert.Equal(
        [
            "03:04:05.678 vm0 ring 0 RX: size 256, available 0, in flight 128, used 64, 0 packets/s, dropped 0; ok",
            "03:04:05.678 vm0 ring 1 TX: size 256, available 0, in flight 0, used 0, 2500 packets/s, dropped 0; the ring is full",
        ], WatchFrame.PlainLines([s_client], s_now));

    private static VringState Ring(int queue) => new()
    {
        Owner = "vm0", Role = "FrontEnd", Queue = queue, Direction = queue == 0 ? "RX" : "TX", Layout = "Split", Size = 256, Started = true, Enabled = true,
        InFlight = queue == 0 ? 128 : 0, Verdict = "ok",
    };

    [GeneratedRegex("<.>|</>")]
    private static partial Regex Styles();
}
