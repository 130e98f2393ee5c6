using System.Xml;
using System.Xml.Linq;
using VhostUser.Endpoints;
using VhostUser.Reports;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Reports;

/// <summary>The structure of a report: what stands where. The page is well-formed XML, so that it can be read as such.</summary>
public class HtmlReportTests
{
    private const string Evil = "<script>alert('x')</script>&\"\u0001";

    private static readonly DateTimeOffset s_taken = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_page_stands_alone_and_runs_nothing()
    {
        string page = HtmlReport.Write("Bench", s_taken, [Endpoint("sw0")]);
        XElement root = Parse(page);
        Assert.Equal(["head", "body"], root.Elements().Select(element => element.Name.LocalName));
        string[] loading = ["script", "link", "img", "iframe", "object", "embed", "form", "base"];
        Assert.DoesNotContain(root.Descendants(), element => loading.Contains(element.Name.LocalName));
        Assert.DoesNotContain(root.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on") || attribute.Name == "src" || attribute.Name == "style");
        Assert.All(root.Descendants("a"), link => Assert.StartsWith("#", link.Attribute("href")!.Value));
        Assert.DoesNotContain("url(", page);
        Assert.DoesNotContain("http://", page);
        Assert.DoesNotContain("https://", page);
        Assert.Contains(root.Descendants("meta"), meta => meta.Attribute("name")?.Value == "viewport" && meta.Attribute("content")!.Value.Contains("width=device-width"));
        Assert.Contains("default-src 'none'", root.Descendants("meta").Single(meta => meta.Attribute("http-equiv") is not null).Attribute("content")!.Value);
        string css = root.Descendants("style").Single().Value;
        Assert.Contains("@media print", css);
        Assert.Contains("prefers-color-scheme:dark", css);
    }

    [Fact]
    public void Each_endpoint_has_its_section_with_rings_charts_and_handshake()
    {
        XElement body = Parse(HtmlReport.Write("Bench", s_taken, [Endpoint("sw0"), Endpoint("sw1")])).Element("body")!;
        Assert.Equal("Bench", body.Element("h1")!.Value);
        Assert.Equal(["sw0", "sw1"], body.Element("nav")!.Elements("a").Select(link => link.Value));
        Assert.Equal(["e0", "e1"], body.Elements("section").Select(section => section.Attribute("id")!.Value));
        XElement section = body.Elements("section").First();
        Assert.Equal(["Rings", "Throughput and latency", "Handshake"], section.Elements("h3").Select(title => title.Value));
        Assert.Equal(["Ring 0, RX", "Ring 1, TX"], section.Descendants("strong").Select(title => title.Value));
        Assert.Equal(["Packets per second", "Bits per second, both directions", "Time that a packet waits in a TX ring"], section.Descendants("figcaption").Select(caption => caption.Value));
        Assert.Equal(
            [["1", "1 ms", "GET_FEATURES", "", "250 µs", "Version1"], ["3", "2 ms", "SET_VRING_CALL", "ring 0 [1 descriptor]", "", "no reply asked"]],
            section.Descendants("tbody").Single().Elements("tr").Select(row => row.Elements("td").Select(cell => cell.Value).ToArray()));
        Assert.Contains("Version1, MrgRxbuf", section.Element("dl")!.Elements("dd").Select(fact => fact.Value));
        Assert.Contains("excluded: Mq, Csum", section.Element("dl")!.Elements("dd").Select(fact => fact.Value));
    }

    [Fact]
    public void A_ring_is_drawn_with_its_shares_and_said_in_words()
    {
        XElement page = Parse(HtmlReport.Write("Bench", s_taken, [Endpoint("sw0")]));
        XElement[] rings = [.. page.Descendants("svg").Where(svg => svg.Attribute("class")!.Value == "ring")];
        Assert.Equal("Ring 0: 32 available, 64 in flight, 0 used, 160 free of 256", rings[0].Element("title")!.Value);
        Assert.Equal(["free"], rings[0].Elements("circle").Select(circle => circle.Attribute("class")!.Value));
        // A quarter of the circle from the top on is in flight: to three o'clock.
        Assert.Equal(
            [("inflight", "M90 28A62 62 0 0 1 152 90"), ("available", "M152 90A62 62 0 0 1 133.84 133.84")],
            rings[0].Elements("path").Where(path => path.Attribute("class")!.Value != "mark").Select(path => (path.Attribute("class")!.Value, path.Attribute("d")!.Value)));
        Assert.Equal(["used", "avail", "96", "of 256", "with the device"], rings[0].Elements("text").Select(text => text.Value));
        Assert.Contains("stopped", rings[1].Elements("text").Select(text => text.Value));
    }

    [Fact]
    public void All_text_is_escaped()
    {
        ReportEndpoint sane = Endpoint("sw0");
        var info = (VhostServerInfo)sane.Info with { Name = Evil, Path = Evil, Fault = Evil, FaultId = Evil, PeerProcessId = 1, PeerExecutable = Evil, RefusedFeatures = [Evil], Drops = new Dictionary<string, long> { [Evil] = 1 }, Dropped = 1 };
        ReportEndpoint evil = sane with
        {
            Info = info,
            Rings = [.. sane.Rings.Select(ring => ring with { Verdict = Evil, Direction = Evil, Layout = Evil })],
            Messages = [sane.Messages[0] with { Request = Evil, Content = Evil, Result = Evil }],
        };
        string page = HtmlReport.Write(Evil, s_taken, [evil]);
        XElement root = Parse(page); // a stray < or & would fail here, and so would a control character
        Assert.Empty(root.Descendants("script"));
        Assert.True(root.DescendantsAndSelf().Count(element => !element.HasElements && element.Value.Contains("<script>")) > 8);
    }

    [Fact]
    public void Without_samples_or_messages_the_page_says_so()
    {
        XElement section = Parse(HtmlReport.Write("Bench", s_taken, [Endpoint("sw0") with { Samples = [], Messages = [] }])).Descendants("section").Single();
        Assert.Empty(section.Descendants("figure"));
        Assert.Contains("No message has been exchanged.", section.Elements("p").Select(text => text.Value));
    }

    internal static VhostServerInfo Info(string name, long packets = 0) => new()
    {
        Name = name, HandleId = Guid.Empty, OwnerProcessId = 1, State = EndpointState.Running, Path = "/s", Listens = true, QueuePairs = 1, Features = ["Version1", "MrgRxbuf"], OfferedFeatures = [],
        ProtocolFeatures = ["Mq"], HeaderLength = 12, Regions = [], PacketsSent = 0, BytesSent = 0, PacketsReceived = packets, BytesReceived = 100 * packets, Dropped = 0, Drops = new Dictionary<string, long>(),
        Mode = ServerMode.Sink, Poll = false, Sessions = 1, Rejected = 0, RefusedFeatures = ["Mq: excluded", "Csum: excluded"],
    };

    internal static VringState Ring(int queue) => new()
    {
        Owner = "sw0", Role = "BackEnd", Queue = queue, Direction = queue == 0 ? "RX" : "TX", Layout = "Split", Size = 256, Started = true, Enabled = true, Verdict = "ok",
    };

    private static ReportEndpoint Endpoint(string name) => new()
    {
        Info = Info(name),
        Rings = [Ring(0) with { AvailableIndex = 352, OwnAvailableIndex = 320, UsedIndex = 256 }, Ring(1) with { Started = false, Size = 0, Verdict = "stopped: nobody" }],
        Messages = [Message(1, 1, "GET_FEATURES", "", 0, 0.25, "Version1"), Message(3, 2, "SET_VRING_CALL", "ring 0", 1, null, "no reply asked")],
        Samples = [new ReportSample { At = TimeSpan.FromSeconds(1), SentPerSecond = 5, ReceivedPerSecond = 2000, BitsPerSecond = 1e6, Wait = TimeSpan.FromMilliseconds(2) }],
    };

    private static VhostMessageInfo Message(int number, double at, string request, string content, int descriptors, double? reply, string result) => new()
    {
        Owner = "sw0", Number = number, Time = s_taken, SinceStart = TimeSpan.FromMilliseconds(at), Request = request, Content = content, Descriptors = descriptors,
        ReplyTime = reply is double time ? TimeSpan.FromMilliseconds(time) : null, Result = result,
    };

    private static XElement Parse(string page)
    {
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader);
    }
}
