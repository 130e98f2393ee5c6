using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VhostUser.Bench;

/// <summary>A row of bench/results/*.json: medians over the alternating runs.</summary>
internal sealed record BenchResult
{
    [JsonPropertyName("case")] public required string Case { get; init; }
    [JsonPropertyName("layout")] public required string Layout { get; init; }
    [JsonPropertyName("size")] public required int Size { get; init; }
    [JsonPropertyName("unit")] public required string Unit { get; init; }
    [JsonPropertyName("ours")] public double? Ours { get; init; }
    [JsonPropertyName("theirs")] public double? Theirs { get; init; }
    [JsonPropertyName("ratio")] public double? Ratio { get; init; }
    [JsonPropertyName("ratioMin")] public double? RatioMin { get; init; }
    [JsonPropertyName("ratioMax")] public double? RatioMax { get; init; }
    [JsonPropertyName("wanted")] public required string Wanted { get; init; }
    [JsonPropertyName("runs")] public int Runs { get; init; }
    [JsonPropertyName("allocatedBytesPerPacket")] public double? AllocatedBytesPerPacket { get; init; }
    [JsonPropertyName("skipped")] public string? Skipped { get; init; }

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The medians of pairs of runs.</summary>
    public static BenchResult Of(BenchCase bench, IReadOnlyList<(Measurement Ours, Measurement? Theirs)> pairs)
    {
        double[] ratios = [.. pairs.Where(pair => pair.Theirs is not null).Select(pair => pair.Ours.Value / pair.Theirs!.Value.Value).Order()];
        double? allocated = pairs.Max(pair => pair.Ours.AllocatedBytesPerPacket);
        return new BenchResult
        {
            Case = bench.Name,
            Layout = bench.Layout,
            Size = bench.Size,
            Unit = bench.Unit,
            Wanted = bench.Wanted,
            Runs = pairs.Count,
            Ours = Round(Median(pairs.Select(pair => pair.Ours.Value))),
            Theirs = ratios.Length == 0 ? null : Round(Median(pairs.Select(pair => pair.Theirs!.Value.Value))),
            Ratio = ratios.Length == 0 ? null : Math.Round(Median(ratios), 3),
            RatioMin = ratios.Length == 0 ? null : Math.Round(ratios[0], 3),
            RatioMax = ratios.Length == 0 ? null : Math.Round(ratios[^1], 3),
            AllocatedBytesPerPacket = allocated is null ? null : Math.Round(allocated.Value, 3),
        };
    }

    /// <summary>A row that could not be measured, and why.</summary>
    public static BenchResult Skip(BenchCase bench, string why) => new()
    {
        Case = bench.Name, Layout = bench.Layout, Size = bench.Size, Unit = bench.Unit, Wanted = bench.Wanted, Skipped = why,
    };

    public static void Save(string path, IReadOnlyList<BenchResult> results) => File.WriteAllText(path, JsonSerializer.Serialize(results, s_options) + "\n");

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static double Round(double value) => Math.Round(value, value >= 1000 ? 0 : 3);
}
