using System.Globalization;
using System.Net;
using System.Text;

namespace VhostUser.Reports;

/// <summary>Text of a page: escaped always, for names, paths and verdicts may come from a peer. Numbers are short and have a unit.</summary>
internal static class HtmlText
{
    private const string Prefixes = "kMGTP";

    /// <summary>The text with what HTML and SVG would read as markup escaped, and without characters that no page may have.</summary>
    public static string Escape(string? text)
    {
        var clean = new StringBuilder();
        foreach (Rune rune in (text ?? "").EnumerateRunes()) clean.Append(Rune.IsControl(rune) && rune.Value is not ('\t' or '\n') ? Rune.ReplacementChar : rune);
        return WebUtility.HtmlEncode(clean.ToString());
    }

    /// <summary>A number with a decimal prefix: '1.25 M' and the unit.</summary>
    public static string Quantity(double value, string unit)
    {
        int power = 0;
        while (value >= 999.5 && power < Prefixes.Length)
        {
            value /= 1000;
            power++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {(power == 0 ? "" : Prefixes[power - 1])}{unit}").TrimEnd();
    }

    /// <summary>A time: '850 µs', '2.5 ms'.</summary>
    public static string Time(double seconds) => seconds switch
    {
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.#} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.##} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
    };

    /// <summary>A coordinate.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
