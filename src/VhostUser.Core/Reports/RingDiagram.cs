using System.Text;
using VhostUser.Rings;
using static VhostUser.Reports.HtmlText;

namespace VhostUser.Reports;

/// <summary>
/// A ring as a circle of its slots, clockwise from the top: used and not taken back, in flight, available, free, each where the
/// indices say that it lies; two marks show used.idx and avail.idx.
/// </summary>
internal static class RingDiagram
{
    private const double Centre = 90;
    private const double Radius = 62;

    public static string Svg(VringState ring)
    {
        VringShares shares = VringShares.Of(ring);
        var svg = new StringBuilder();
        string summary = $"Ring {ring.Queue}: {shares.Available} available, {shares.InFlight} in flight, {shares.Used} used, {shares.Free} free of {shares.Size}";
        svg.Append($"<svg class=\"ring\" viewBox=\"-30 0 240 180\" role=\"img\" aria-label=\"{Escape(summary)}\"><title>{Escape(summary)}</title>");
        svg.Append($"<circle class=\"{(shares.Size == 0 ? "off" : "free")}\" cx=\"90\" cy=\"90\" r=\"62\"/>");
        if (shares.Size > 0) AddSlots(svg, ring, shares);
        svg.Append($"<text class=\"big\" x=\"90\" y=\"88\">{shares.Available + shares.InFlight}</text>");
        svg.Append($"<text x=\"90\" y=\"105\">{(shares.Size == 0 ? "stopped" : $"of {shares.Size}")}</text>");
        svg.Append(shares.Size == 0 ? "</svg>" : "<text class=\"small\" x=\"90\" y=\"119\">with the device</text></svg>");
        return svg.ToString();
    }

    private static void AddSlots(StringBuilder svg, VringState ring, VringShares shares)
    {
        double start = (ring.UsedIndex - shares.Used) % (double)shares.Size;
        foreach ((int count, string kind) in new[] { (shares.Used, "used"), (shares.InFlight, "inflight"), (shares.Available, "available") })
        {
            if (count > 0) svg.Append(Arc(start / shares.Size, (double)count / shares.Size, kind));
            start += count;
        }
        double used = ring.UsedIndex % (double)shares.Size / shares.Size;
        double available = ring.AvailableIndex % (double)shares.Size / shares.Size;
        if (used == available) svg.Append(Mark(used, "used = avail", Radius + 21));
        else svg.Append(Mark(used, "used", Radius + 21)).Append(Mark(available, "avail", Radius - 21));
    }

    private static string Arc(double from, double share, string kind)
    {
        if (share >= 1) return $"<circle class=\"{kind}\" cx=\"90\" cy=\"90\" r=\"62\"/>";
        (double x, double y) = Point(from, Radius);
        (double endX, double endY) = Point(from + share, Radius);
        return $"<path class=\"{kind}\" d=\"M{Number(x)} {Number(y)}A62 62 0 {(share > 0.5 ? 1 : 0)} 1 {Number(endX)} {Number(endY)}\"/>";
    }

    private static string Mark(double at, string name, double textRadius)
    {
        (double x, double y) = Point(at, Radius - 11);
        (double endX, double endY) = Point(at, Radius + 11);
        (double textX, double textY) = Point(at, textRadius);
        return $"<path class=\"mark\" d=\"M{Number(x)} {Number(y)}L{Number(endX)} {Number(endY)}\"/><text class=\"small\" x=\"{Number(textX)}\" y=\"{Number(textY + 3)}\">{name}</text>";
    }

    private static (double X, double Y) Point(double turn, double radius) =>
        (Centre + radius * Math.Sin(2 * Math.PI * turn), Centre - radius * Math.Cos(2 * Math.PI * turn));
}
