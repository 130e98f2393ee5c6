using System.Globalization;
using System.Text;

namespace VhostUser.Bench;

/// <summary>The table, for people: a line on the console, and Markdown between two marks of a file.</summary>
internal static class Report
{
    private const string Mark = "<!-- bench -->";

    public static string ConsoleHeader => $"{"case",-72} {"layout",-6} {"bytes",5} {"ours",10} {"theirs",10} {"unit",-9} {"ratio",6} {"spread",11} {"wanted",-10}";

    public static string ConsoleLine(BenchResult row) => row.Skipped is not null
        ? $"{row.Case,-72} skipped: {row.Skipped}"
        : $"{row.Case,-72} {row.Layout,-6} {row.Size,5} {Figure(row.Ours),10} {Figure(row.Theirs),10} {row.Unit,-9} {Ratio(row.Ratio),6} {Spread(row),11} {row.Wanted,-10}";

    /// <summary>Puts the newest table between the marks of a Markdown file; all of it, or only the rows that compare packet rates.</summary>
    public static void Update(string path, string machine, IReadOnlyList<BenchResult> rows, bool all)
    {
        string text = File.ReadAllText(path);
        int start = text.IndexOf(Mark, StringComparison.Ordinal);
        int end = text.LastIndexOf(Mark, StringComparison.Ordinal);
        if (start < 0 || end == start) throw new InvalidOperationException($"{path} has no two lines '{Mark}' for the table.");
        File.WriteAllText(path, text[..start] + Mark + "\n" + Table(machine, all ? rows : [.. rows.Where(row => row.Unit == "packets/s" && row.Theirs is not null)]) + text[end..]);
    }

    private static string Table(string machine, IReadOnlyList<BenchResult> rows)
    {
        var table = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{machine}\n\n");
        table.Append("| Case (ours / theirs) | Ring | Bytes | Ours | Theirs | Unit | Ratio | Spread | Wanted |\n|---|---|---:|---:|---:|---|---:|---:|---|\n");
        foreach (BenchResult row in rows)
        {
            string size = row.Size == 0 ? "" : $"{row.Size}";
            if (row.Skipped is null) table.Append(CultureInfo.InvariantCulture, $"| {row.Case} | {row.Layout} | {size} | {Figure(row.Ours)} | {Figure(row.Theirs)} | {row.Unit} | {Ratio(row.Ratio)} | {Spread(row)} | {row.Wanted} |\n");
            else table.Append(CultureInfo.InvariantCulture, $"| {row.Case} | {row.Layout} | {size} | skipped: {row.Skipped} | | {row.Unit} | | | {row.Wanted} |\n");
        }
        return table.ToString();
    }

    private static string Figure(double? value) => value switch
    {
        null => "",
        >= 1e6 => (value.Value / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M",
        >= 1000 => value.Value.ToString("#,0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    private static string Ratio(double? ratio) => ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";

    private static string Spread(BenchResult row) => row.Ratio is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{row.RatioMin:0.00}-{row.RatioMax:0.00}");
}
