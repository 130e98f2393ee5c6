using System.Text;
using static VhostUser.Reports.HtmlText;

namespace VhostUser.Reports;

/// <summary>A chart of one or two lines over time, with its numbers in words below. A gap is where there is no value.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Format">A value with its unit.</param>
/// <param name="Lines">The name of each line, and its values.</param>
internal sealed record LineChart(string Title, Func<double, string> Format, IReadOnlyList<(string Name, IReadOnlyList<(double At, double? Value)> Points)> Lines)
{
    private const double Left = 96;
    private const double Right = 590;
    private const double Top = 14;
    private const double Bottom = 150;

    public string Figure()
    {
        double most = Lines.SelectMany(line => line.Points).Max(point => point.Value) ?? 0;
        double top = NiceTop(most);
        double end = Lines.SelectMany(line => line.Points).Select(point => point.At).DefaultIfEmpty(0).Max();
        var svg = new StringBuilder($"<figure><figcaption>{Escape(Title)}</figcaption><svg class=\"chart\" viewBox=\"0 0 600 176\" role=\"img\" aria-label=\"{Escape(Title)}\"><title>{Escape(Title)}</title>");
        foreach (double share in new[] { 0, 0.5, 1 })
        {
            string y = Number(Bottom - share * (Bottom - Top));
            svg.Append($"<path class=\"grid\" d=\"M{Left} {y}H{Right}\"/><text class=\"left\" x=\"{Left - 6}\" y=\"{Number(Bottom - share * (Bottom - Top) + 4)}\">{Escape(Format(share * top))}</text>");
        }
        svg.Append($"<text x=\"{Left}\" y=\"170\">0 s</text><text x=\"{Right - 16}\" y=\"170\">{Escape(Time(end))}</text>");
        for (int i = 0; i < Lines.Count; i++) AddLine(svg, i, top, end);
        return svg.Append($"</svg><ul class=\"legend\">{string.Concat(Lines.Select(Legend))}</ul></figure>").ToString();
    }

    private void AddLine(StringBuilder svg, int line, double top, double end)
    {
        bool down = false;
        var path = new StringBuilder();
        foreach ((double at, double? value) in Lines[line].Points)
        {
            if (value is double known)
            {
                double x = end > 0 ? Left + at / end * (Right - Left) : Left;
                path.Append(down ? 'L' : 'M').Append(Number(x)).Append(' ').Append(Number(Bottom - known / top * (Bottom - Top)));
                if (!down) path.Append("h0"); // a point alone is seen too: its round end
            }
            down = value is not null;
        }
        if (path.Length > 0) svg.Append($"<path class=\"line{line}\" d=\"{path}\"/>");
    }

    private string Legend((string Name, IReadOnlyList<(double At, double? Value)> Points) line, int index)
    {
        double[] values = [.. line.Points.Where(point => point.Value is not null).Select(point => point.Value!.Value)];
        string numbers = values.Length == 0 ? "no value" : $"mean {Format(values.Average())}, least {Format(values.Min())}, most {Format(values.Max())}";
        return $"<li><span class=\"key line{index}\"></span>{Escape(line.Name)}: {Escape(numbers)}</li>";
    }

    /// <summary>The next of 1, 2, 5, 10, 20 … that is not below.</summary>
    private static double NiceTop(double most)
    {
        if (most <= 0) return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return new[] { 1, 2, 5, 10 }.Select(step => step * power).First(step => step >= most * 0.999999);
    }
}
