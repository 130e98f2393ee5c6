using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>What a measurement of a live link gave.</summary>
public sealed record IbTransportTest
{
    /// <summary>The link.</summary>
    public required string Name { get; init; }
    /// <summary>The fabric that it goes over.</summary>
    public required LinkProvider Provider { get; init; }
    /// <summary>How packets cross it.</summary>
    public required LinkMode Mode { get; init; }
    /// <summary>Round trips made, one after the other, with messages of 48 bytes.</summary>
    public required int RoundTrips { get; init; }
    /// <summary>Questions that the other end did not answer within 2 seconds.</summary>
    public required int Unanswered { get; init; }
    /// <summary>The shortest round trip.</summary>
    public required TimeSpan Minimum { get; init; }
    /// <summary>The round trip that half of them did not exceed.</summary>
    public required TimeSpan Median { get; init; }
    /// <summary>The round trip that 99 of 100 did not exceed.</summary>
    public required TimeSpan Percentile99 { get; init; }
    /// <summary>The longest round trip.</summary>
    public required TimeSpan Maximum { get; init; }
    /// <summary>Bytes that the other end took, in full frames.</summary>
    public required long LoadBytes { get; init; }
    /// <summary>Time in which it took them.</summary>
    public required TimeSpan LoadDuration { get; init; }
    /// <summary>Bits per second from here to the other end, beside the guests' traffic.</summary>
    public double BitsPerSecond => LoadDuration > TimeSpan.Zero ? 8 * LoadBytes / LoadDuration.TotalSeconds : 0;
}
