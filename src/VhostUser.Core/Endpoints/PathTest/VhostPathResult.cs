namespace VhostUser.Endpoints;

/// <summary>What came of the packets that were sent through a path.</summary>
public sealed record VhostPathResult
{
    /// <summary>The client that sent.</summary>
    public required string From { get; init; }
    /// <summary>The client that received.</summary>
    public required string To { get; init; }
    /// <summary>When the test began.</summary>
    public required DateTimeOffset Started { get; init; }
    /// <summary>How long packets were sent.</summary>
    public required TimeSpan Duration { get; init; }
    /// <summary>Packets per second that were asked for; 0 for as many as the ring took.</summary>
    public required double Rate { get; init; }
    /// <summary>Bytes of the frames that took turns.</summary>
    public required int[] PacketSizes { get; init; }
    /// <summary>Packets sent.</summary>
    public required long Sent { get; init; }
    /// <summary>Different packets that arrived as they were sent.</summary>
    public required long Received { get; init; }
    /// <summary>Packets that did not: they never came, or were changed.</summary>
    public required long Lost { get; init; }
    /// <summary>Those of all that were sent, in percent.</summary>
    public required double LostPercent { get; init; }
    /// <summary>Arrivals of a packet that had arrived before.</summary>
    public required long Duplicates { get; init; }
    /// <summary>Packets that arrived after one that was sent later (RFC 4737).</summary>
    public required long Reordered { get; init; }
    /// <summary>Packets of this test whose contents were changed; they count as lost too.</summary>
    public required long Corrupt { get; init; }
    /// <summary>Packets that came meanwhile and are none of this test.</summary>
    public required long Foreign { get; init; }
    /// <summary>Packets sent per second.</summary>
    public required double SentPacketsPerSecond { get; init; }
    /// <summary>Bits of frames that arrived per second of sending.</summary>
    public required double ReceivedBitsPerSecond { get; init; }
    /// <summary>The shortest time from the sender's ring to the receiver's.</summary>
    public required TimeSpan LatencyMin { get; init; }
    /// <summary>The mean.</summary>
    public required TimeSpan LatencyMean { get; init; }
    /// <summary>The time that half of the packets did not exceed.</summary>
    public required TimeSpan LatencyP50 { get; init; }
    /// <summary>That 90 percent did not exceed.</summary>
    public required TimeSpan LatencyP90 { get; init; }
    /// <summary>That 99 percent did not exceed.</summary>
    public required TimeSpan LatencyP99 { get; init; }
    /// <summary>That 99.9 percent did not exceed.</summary>
    public required TimeSpan LatencyP999 { get; init; }
    /// <summary>The longest.</summary>
    public required TimeSpan LatencyMax { get; init; }
    /// <summary>Interarrival jitter, smoothed over all packets (RFC 3550 §6.4.1).</summary>
    public required TimeSpan Jitter { get; init; }
    /// <summary>How the times are spread: buckets in steps of 1, 2, 5, of which the first and the last have packets.</summary>
    public required VhostPathBucket[] Histogram { get; init; }
}

/// <summary>How many packets took a time within bounds.</summary>
public sealed record VhostPathBucket
{
    /// <summary>The lower bound.</summary>
    public required TimeSpan From { get; init; }
    /// <summary>The upper bound, which is not within.</summary>
    public required TimeSpan Below { get; init; }
    /// <summary>Packets.</summary>
    public required long Count { get; init; }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{From.TotalMicroseconds:0.#} to {Below.TotalMicroseconds:0.#} us: {Count}");
}
