using System.Globalization;
using VhostUser.Rings;
using VhostUser.Views;

namespace VhostUser.Watching;

/// <summary>One picture of endpoints and their rings as lines of text: states in, lines out, nothing else.</summary>
internal sealed class WatchFrame(int width, int height, WatchStyle style)
{
    private const int BarWidth = 32;

    /// <summary>The lines of a frame that fits the width and height.</summary>
    public string[] Lines(IReadOnlyList<WatchedEndpoint> endpoints, DateTimeOffset now, string footer)
    {
        List<string> lines = [Line().Add($"{now.ToString("HH:mm:ss.f", CultureInfo.InvariantCulture)}  {footer}").ToString(), Legend(), ""];
        foreach (WatchedEndpoint endpoint in endpoints) lines.AddRange(Block(endpoint));
        if (endpoints.Count == 0) lines.Add(Line().Add("no server or client to watch").ToString());
        if (lines.Count <= height) return [.. lines];
        return [.. lines.Take(Math.Max(0, height - 1)), Line().Add($"… {lines.Count - height + 1} more lines: a taller terminal shows them, or name fewer").ToString()];
    }

    /// <summary>One line per ring, without a picture: for files and pipes.</summary>
    public static IEnumerable<string> PlainLines(IReadOnlyList<WatchedEndpoint> endpoints, DateTimeOffset now)
    {
        string time = now.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        foreach (WatchedEndpoint endpoint in endpoints)
        {
            if (endpoint.Problem is not null) yield return $"{time} {endpoint.Name} ({endpoint.Title}): {endpoint.Problem}";
            foreach ((VringState ring, double rate) in endpoint.Rings)
            {
                VringShares shares = VringShares.Of(ring);
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"{time} {endpoint.Name} ring {ring.Queue} {ring.Direction}: size {ring.Size}, available {shares.Available}, in flight {shares.InFlight}, used {shares.Used}, {rate:0} packets/s, dropped {ring.Dropped}; {ring.Verdict}");
            }
        }
    }

    private StyledLine Line() => new(width, style.Reset);

    private string Legend() => Line().Add("ring: ").Add("█", style.Available).Add(" available  ").Add("▓", style.InFlight).Add(" in flight  ")
        .Add("▒", style.Used).Add(" used, not taken back  ").Add("·", style.Free).Add(" free").ToString();

    private IEnumerable<string> Block(WatchedEndpoint endpoint)
    {
        StyledLine title = Line().Add(endpoint.Name, style.Name).Add($"  {endpoint.Title}  {endpoint.Peer}  {ViewText.Rate(endpoint.BitsPerSecond, "bit/s")}");
        if (endpoint.Dropped > 0) title.Add($"  dropped {ViewText.Count(endpoint.Dropped)}", style.Bad);
        yield return title.ToString();
        if (endpoint.Problem is string problem) yield return Line().Add("  ").Add(problem, style.Bad).ToString();
        foreach (WatchedRing ring in endpoint.Rings) yield return Ring(ring);
    }

    private string Ring(WatchedRing watched)
    {
        VringState ring = watched.State;
        StyledLine line = Line().Add($"{ring.Queue,3} {Short(ring.Direction),-4}");
        AddBar(line, VringShares.Of(ring));
        line.Add($" {ring.InFlight,5}/{ring.Size,-5} {ViewText.Rate(watched.PacketsPerSecond, "pps"),12}  ");
        return line.Add(ring.Verdict, IsFine(ring.Verdict) ? style.Good : style.Warning).ToString();
    }

    private void AddBar(StyledLine line, VringShares shares)
    {
        // Whoever has a descriptor at all is seen: a single one in a large ring takes a cell of its own.
        int left = BarWidth;
        (int Count, char Cell, string Style)[] parts =
            [(shares.Available, '█', style.Available), (shares.InFlight, '▓', style.InFlight), (shares.Used, '▒', style.Used)];
        foreach ((int count, char cell, string colour) in parts)
        {
            if (count == 0 || left == 0) continue;
            int cells = Math.Clamp((int)Math.Round((double)count * BarWidth / shares.Size), 1, left);
            left -= cells;
            line.Add(new string(cell, cells), colour);
        }
        line.Add(new string(shares.Size == 0 ? ' ' : '·', left), style.Free);
    }

    private static string Short(string direction) => direction == "Control" ? "Ctrl" : direction == "Other" ? "-" : direction;

    private static bool IsFine(string verdict) => verdict == "ok" || verdict.StartsWith("ok;", StringComparison.Ordinal);
}
