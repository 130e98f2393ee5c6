using System.Xml.Linq;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>Measurements side by side, and the picture of them.</summary>
public class ComparisonTests
{
    private static VringThroughput Moved(string owner, long sent, long received, long bytes) => new()
    {
        Owner = owner, Queue = null, Duration = TimeSpan.FromSeconds(2), PacketsSent = sent, BytesSent = bytes, PacketsReceived = received, BytesReceived = 0, Dropped = 3,
    };

    [Fact]
    public void Each_is_compared_with_the_baseline()
    {
        IReadOnlyList<VringComparison> rows = VringComparison.Of([(Moved("a", 300, 100, 1000), "x (1)"), (Moved("b", 0, 200, 0), null)], baseline: 1);
        Assert.Equal([200, 100], rows.Select(row => row.PacketsPerSecond));
        Assert.Equal([2.0, 1.0], rows.Select(row => row.Ratio));
        Assert.Equal([false, true], rows.Select(row => row.IsBaseline));
        Assert.Equal(4000, rows[0].BitsPerSecond);
        Assert.Equal(("a", "x (1)", 3L), (rows[0].Owner, rows[0].Peer, rows[0].Dropped));
    }

    [Fact]
    public void Nothing_is_a_multiple_of_a_baseline_that_stands_still() =>
        Assert.All(VringComparison.Of([(Moved("a", 300, 0, 0), null), (Moved("b", 0, 0, 0), null)], baseline: 1), row => Assert.Null(row.Ratio));

    [Fact]
    public void The_picture_has_a_bar_for_each_in_proportion_and_keeps_any_name_as_text()
    {
        const string name = "<a&\"b\u0001>";
        XElement svg = XElement.Parse(ComparisonChart.Render("title & more", VringComparison.Of([(Moved(name, 100, 0, 0), "dpdk (7)"), (Moved("b", 400, 0, 0), null)], baseline: 1)));
        XNamespace space = "http://www.w3.org/2000/svg";
        double[] bars = [.. svg.Elements(space + "rect").Skip(1).Select(bar => (double)bar.Attribute("width")!)];
        Assert.Equal(2, bars.Length);
        Assert.Equal(4, bars[1] / bars[0], 1);
        string[] texts = [.. svg.Elements(space + "text").Select(text => text.Value)];
        Assert.Equal("title & more", texts[0]);
        Assert.Contains("<a&\"b> ↔ dpdk (7)", texts);
        Assert.Contains(texts, text => text.EndsWith("0.25", StringComparison.Ordinal));
        Assert.True((double)svg.Attribute("width")! >= svg.Elements(space + "rect").Max(bar => (double?)bar.Attribute("x") + (double)bar.Attribute("width")!));
    }

    [Fact]
    public void A_picture_of_nothing_is_still_one() => Assert.Equal("svg", XElement.Parse(ComparisonChart.Render("", [])).Name.LocalName);
}
