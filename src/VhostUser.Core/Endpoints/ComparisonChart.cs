using System.Globalization;
using System.Security;
using System.Text;

namespace VhostUser.Endpoints;

/// <summary>Draws a comparison as bars, one under the other, in a picture of the format SVG 1.1. Pure: values in, text out.</summary>
public static class ComparisonChart
{
    private const int Width = 720;
    private const int NameWidth = 220;
    private const int BarHeight = 22;
    private const int RowHeight = 34;
    private const int Top = 48;
    private const int FigureWidth = 150; // at the right of the longest bar

    /// <summary>The picture.</summary>
    /// <param name="title">Written above the bars.</param>
    /// <param name="rows">A bar each; the longest stands for the most packets per second.</param>
    public static string Render(string title, IReadOnlyList<VringComparison> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        double most = Math.Max(rows.Select(row => row.PacketsPerSecond).DefaultIfEmpty().Max(), 1);
        int height = Top + RowHeight * rows.Count + 12;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" font-family="sans-serif" font-size="13">""");
        svg.Append(CultureInfo.InvariantCulture, $"""<rect width="{Width}" height="{height}" fill="#ffffff"/><text x="12" y="28" font-size="16">{Escape(title)}</text>""");
        for (int i = 0; i < rows.Count; i++)
        {
            VringComparison row = rows[i];
            int y = Top + RowHeight * i;
            double length = (Width - NameWidth - FigureWidth) * row.PacketsPerSecond / most;
            string name = row.Peer is null ? row.Owner : $"{row.Owner} ↔ {row.Peer}";
            string ratio = row.IsBaseline ? "1 (baseline)" : row.Ratio is double value ? value.ToString("0.00", CultureInfo.InvariantCulture) : "–";
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{NameWidth - 8}" y="{y + 16}" text-anchor="end">{Escape(name)}</text>""");
            svg.Append(CultureInfo.InvariantCulture, $"""<rect x="{NameWidth}" y="{y}" width="{length:0.#}" height="{BarHeight}" fill="{(row.IsBaseline ? "#9aa5b1" : "#2f6fb4")}"/>""");
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{NameWidth + length + 6:0.#}" y="{y + 16}">{Rate(row.PacketsPerSecond)}, {ratio}</text>""");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static string Rate(double packets) =>
        packets < 1e6 ? string.Create(CultureInfo.InvariantCulture, $"{packets / 1e3:0.0} kpps") : string.Create(CultureInfo.InvariantCulture, $"{packets / 1e6:0.00} Mpps");

    // Names are the user's and the peer's; what is not allowed in XML 1.0 at all goes.
    private static string Escape(string text) => SecurityElement.Escape(string.Concat(text.Where(letter => letter >= ' ' && !char.IsSurrogate(letter) && letter < '\uFFFE')));
}
