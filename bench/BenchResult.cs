using System.Text.Json;
using System.Text.Json.Serialization;

namespace VhostUser.Bench;

/// <summary>A row of bench/results/*.json: medians over the alternating runs, packets per second.</summary>
internal sealed record BenchResult
{
    [JsonPropertyName("case")] public required string Case { get; init; }
    [JsonPropertyName("layout")] public required string Layout { get; init; }
    [JsonPropertyName("size")] public required int Size { get; init; }
    [JsonPropertyName("ours")] public required double Ours { get; init; }
    [JsonPropertyName("theirs")] public required double Theirs { get; init; }
    [JsonPropertyName("ratio")] public required double Ratio { get; init; }
    [JsonPropertyName("ratioMin")] public required double RatioMin { get; init; }
    [JsonPropertyName("ratioMax")] public required double RatioMax { get; init; }
    [JsonPropertyName("runs")] public required int Runs { get; init; }
    [JsonPropertyName("allocatedBytesPerPacket")] public required double AllocatedBytesPerPacket { get; init; }

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    public static void Save(string path, IReadOnlyList<BenchResult> results) => File.WriteAllText(path, JsonSerializer.Serialize(results, s_options) + "\n");
}
