namespace VhostUser.Endpoints;

/// <summary>What moved through a server or client, or one ring of it, in a span of time.</summary>
public sealed record VringThroughput
{
    /// <summary>The server or client.</summary>
    public required string Owner { get; init; }
    /// <summary>The ring, or null for all.</summary>
    public required int? Queue { get; init; }
    /// <summary>The time between both looks at the counters.</summary>
    public required TimeSpan Duration { get; init; }
    /// <summary>Packets that it sent in this time.</summary>
    public required long PacketsSent { get; init; }
    /// <summary>Bytes of the packets sent, without headers of virtio.</summary>
    public required long BytesSent { get; init; }
    /// <summary>Packets that it received in this time.</summary>
    public required long PacketsReceived { get; init; }
    /// <summary>Bytes of the packets received.</summary>
    public required long BytesReceived { get; init; }
    /// <summary>Packets that it dropped in this time.</summary>
    public required long Dropped { get; init; }
    /// <summary>Packets sent per second.</summary>
    public double SentPacketsPerSecond => PerSecond(PacketsSent);
    /// <summary>Bits of packets sent per second.</summary>
    public double SentBitsPerSecond => 8 * PerSecond(BytesSent);
    /// <summary>Packets received per second.</summary>
    public double ReceivedPacketsPerSecond => PerSecond(PacketsReceived);
    /// <summary>Bits of packets received per second.</summary>
    public double ReceivedBitsPerSecond => 8 * PerSecond(BytesReceived);

    private double PerSecond(long count) => Duration > TimeSpan.Zero ? count / Duration.TotalSeconds : 0;
}
