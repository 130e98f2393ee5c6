namespace VhostUser.Endpoints;

/// <summary>How much moved through a server or client, beside what moved through another in the same span of time.</summary>
public sealed record VringComparison
{
    /// <summary>The server or client.</summary>
    public required string Owner { get; init; }
    /// <summary>The program at its other end with its process id, or null when that is not known.</summary>
    public required string? Peer { get; init; }
    /// <summary>Whether this is the one that the others are compared with.</summary>
    public required bool IsBaseline { get; init; }
    /// <summary>Packets per second, sent and received.</summary>
    public required double PacketsPerSecond { get; init; }
    /// <summary>Bits of these packets per second.</summary>
    public required double BitsPerSecond { get; init; }
    /// <summary>Packets that it dropped.</summary>
    public required long Dropped { get; init; }
    /// <summary>Its packets per second as a multiple of the baseline's; null when nothing moved there.</summary>
    public required double? Ratio { get; init; }

    /// <summary>Compares measurements of one span of time with one of them.</summary>
    /// <param name="measured">What moved, with the peer of each.</param>
    /// <param name="baseline">Which of them the others are compared with.</param>
    public static IReadOnlyList<VringComparison> Of(IReadOnlyList<(VringThroughput Moved, string? Peer)> measured, int baseline)
    {
        ArgumentNullException.ThrowIfNull(measured);
        double reference = Packets(measured[baseline].Moved);
        return [.. measured.Select((entry, i) => new VringComparison
        {
            Owner = entry.Moved.Owner,
            Peer = entry.Peer,
            IsBaseline = i == baseline,
            PacketsPerSecond = Packets(entry.Moved),
            BitsPerSecond = entry.Moved.SentBitsPerSecond + entry.Moved.ReceivedBitsPerSecond,
            Dropped = entry.Moved.Dropped,
            Ratio = reference > 0 ? Packets(entry.Moved) / reference : null,
        })];

        static double Packets(VringThroughput moved) => moved.SentPacketsPerSecond + moved.ReceivedPacketsPerSecond;
    }
}
