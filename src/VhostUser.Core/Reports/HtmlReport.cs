using System.Globalization;
using System.Text;
using VhostUser.Endpoints;
using VhostUser.Rings;
using static VhostUser.Reports.HtmlText;

namespace VhostUser.Reports;

/// <summary>A page about servers and clients that needs nothing but itself: no script, no picture, no font from elsewhere.</summary>
public static class HtmlReport
{
    /// <summary>The page.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="taken">When the looks were taken.</param>
    /// <param name="endpoints">What it shows, in this order.</param>
    public static string Write(string title, DateTimeOffset taken, IReadOnlyList<ReportEndpoint> endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>");
        // The page is made of what peers said: should escaping ever fail, nothing of it may run or load.
        page.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"/>");
        page.Append($"<title>{Escape(title)}</title><style>\n{ReportStyle.Css}\n</style></head><body>\n<h1>{Escape(title)}</h1>");
        page.Append($"<p class=\"soft\">{Escape(Environment.MachineName)}, {Escape(taken.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture))}</p><nav>");
        for (int i = 0; i < endpoints.Count; i++) page.Append($"<a href=\"#e{i}\">{Escape(endpoints[i].Info.Name)}</a>");
        page.Append("</nav>\n");
        for (int i = 0; i < endpoints.Count; i++) page.Append(Section(endpoints[i], i));
        return page.Append("</body></html>\n").ToString();
    }

    private static string Section(ReportEndpoint endpoint, int number)
    {
        EndpointInfo info = endpoint.Info;
        string kind = info is VhostServerInfo server ? $"server, mode {server.Mode}" : "client";
        var section = new StringBuilder($"<section id=\"e{number}\"><h2>{Escape(info.Name)}</h2>");
        section.Append($"<p>A {Escape(kind)}, {Escape(info.State.ToString())}.</p>");
        if (info.Fault is string fault) section.Append($"<p class=\"bad\">{Escape(info.FaultId)}: {Escape(fault)} {Escape(info.FaultAction)}</p>");
        section.Append(Facts(info));
        section.Append("<h3>Rings</h3><ul class=\"legend\"><li><span class=\"key available\"></span>available: offered to the device, not yet taken</li>")
            .Append("<li><span class=\"key inflight\"></span>in flight: with the device</li><li><span class=\"key used\"></span>used: returned, not yet taken back</li>")
            .Append("<li><span class=\"key free\"></span>free</li></ul>");
        section.Append($"<div class=\"rings\">{string.Concat(endpoint.Rings.Select(Ring))}</div>");
        section.Append(Charts(endpoint.Samples)).Append(Messages(endpoint.Messages));
        return section.Append("</section>\n").ToString();
    }

    private static string Facts(EndpointInfo info)
    {
        string peer = info.PeerProcessId is int pid ? $"process {pid}, {info.PeerExecutable ?? "program unknown"}" : "none";
        string[] refused = info switch { VhostServerInfo server => server.RefusedFeatures, VhostClientInfo client => client.RefusedFeatures, _ => [] };
        var facts = new List<(string Name, string Value)>
        {
            ("Socket", $"{info.Path} ({(info.Listens ? "listens" : "connects")})"),
            ("Peer", peer),
            ("Sent", $"{Plain(info.PacketsSent)} packets, {Plain(info.BytesSent)} bytes"),
            ("Received", $"{Plain(info.PacketsReceived)} packets, {Plain(info.BytesReceived)} bytes"),
            ("Dropped", info.Dropped == 0 ? "none" : $"{Plain(info.Dropped)}: {string.Join(", ", info.Drops.Select(drop => $"{drop.Key} {Plain(drop.Value)}"))}"),
            ("Memory", string.Join("; ", info.Regions.Select(region => $"{Plain((long)region.Size)} bytes at guest 0x{region.GuestAddress:x} ({region.Safety})"))),
            ("Features", string.Join(", ", info.Features)),
            ("Protocol features", string.Join(", ", info.ProtocolFeatures)),
            ("Not used", string.Join("; ", refused.Select(feature => feature.Split(": ", 2)).GroupBy(parts => parts[^1], parts => parts[0]).Select(reason => $"{reason.Key}: {string.Join(", ", reason)}"))),
        };
        return $"<dl>{string.Concat(facts.Where(fact => fact.Value.Length > 0).Select(fact => $"<dt>{Escape(fact.Name)}</dt><dd>{Escape(fact.Value)}</dd>"))}</dl>";
    }

    private static string Ring(VringState ring)
    {
        VringShares shares = VringShares.Of(ring);
        bool fine = ring.Verdict.StartsWith("ok", StringComparison.Ordinal);
        string notes = $"{ring.Layout}, {(ring.Enabled ? "enabled" : ring.Started ? "disabled" : "stopped")}; avail {ring.AvailableIndex}, used {ring.UsedIndex}; "
            + $"{Plain(ring.Packets)} packets, {Plain(ring.Kicks)} kicks, {Plain(ring.Calls)} calls{(ring.Dropped > 0 ? $", {Plain(ring.Dropped)} dropped" : "")}";
        return $"<div class=\"card\"><strong>Ring {ring.Queue}, {Escape(ring.Direction)}</strong>{RingDiagram.Svg(ring)}"
            + $"<p class=\"soft\">available {shares.Available}, in flight {shares.InFlight}, used {shares.Used}, free {shares.Free}</p>"
            + $"<p class=\"{(fine ? "good" : "bad")}\">{Escape(ring.Verdict)}</p><p class=\"soft\">{Escape(notes)}</p></div>";
    }

    private static string Charts(IReadOnlyList<ReportSample> samples)
    {
        if (samples.Count == 0) return "";
        var throughput = new LineChart("Packets per second", value => Quantity(value, "pps"),
            [("sent", Points(sample => sample.SentPerSecond)), ("received", Points(sample => sample.ReceivedPerSecond))]);
        var bits = new LineChart("Bits per second, both directions", value => Quantity(value, "bit/s"), [("bits", Points(sample => sample.BitsPerSecond))]);
        var wait = new LineChart("Time that a packet waits in a TX ring", Time, [("wait", Points(sample => sample.Wait?.TotalSeconds))]);
        return "<h3>Throughput and latency</h3><div class=\"charts\">" + throughput.Figure() + bits.Figure() + wait.Figure() + "</div>"
            + "<p class=\"soft\">The wait is an estimate from counters, without a packet of its own: packets in flight divided by packets per second (Little's law). "
            + "0 means that no look found one in flight.</p>";

        IReadOnlyList<(double, double?)> Points(Func<ReportSample, double?> value) => [.. samples.Select(sample => (sample.At.TotalSeconds, value(sample)))];
    }

    private static string Messages(IReadOnlyList<VhostMessageInfo> messages)
    {
        if (messages.Count == 0) return "<h3>Handshake</h3><p>No message has been exchanged.</p>";
        var table = new StringBuilder("<h3>Handshake</h3><table><thead><tr><th>#</th><th>At</th><th>Request</th><th>Content</th><th>Reply after</th><th>Result</th></tr></thead><tbody>");
        foreach (VhostMessageInfo message in messages)
        {
            string descriptors = message.Descriptors == 0 ? "" : $" [{message.Descriptors} descriptor{(message.Descriptors == 1 ? "" : "s")}]";
            table.Append($"<tr><td class=\"head\">{message.Number}</td>{Cell("at", Time(message.SinceStart.TotalSeconds), "num")}<td class=\"head\">{Escape(message.Request)}</td>")
                .Append(Cell("content", message.Content + descriptors))
                .Append(Cell("reply after", message.ReplyTime is TimeSpan time ? Time(time.TotalSeconds) : "", "num"))
                .Append(Cell("result", message.Result)).Append("</tr>");
        }
        return table.Append("</tbody></table>").ToString();
    }

    private static string Cell(string name, string text, string style = "") => $"<td class=\"{style}\" data-name=\"{name}\">{Escape(text.Trim())}</td>";

    private static string Plain(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
