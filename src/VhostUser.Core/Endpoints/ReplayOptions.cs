using VhostUser.Packets.Pcap;

namespace VhostUser.Endpoints;

/// <summary>How a capture is sent again.</summary>
public sealed record ReplayOptions
{
    /// <summary>The file: pcapng or pcap.</summary>
    public required string Path { get; init; }

    /// <summary>Transmit ring: an odd index.</summary>
    public int Queue { get; init; } = 1;

    /// <summary>How often the whole file is sent.</summary>
    public long Count { get; init; } = 1;

    /// <summary>When packets are sent.</summary>
    public ReplayTiming Timing { get; init; }

    /// <summary>With recorded timing: how many times as fast as they were recorded.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Says whether the packets of an interface, by its number and name, are sent; null for all.</summary>
    public Func<int, string?, bool>? Interface { get; init; }

    /// <summary>How long to wait for room in the ring, each time it is full.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a file begins like a capture.</summary>
    /// <param name="start">Its first bytes: four tell.</param>
    public static bool IsCapture(ReadOnlySpan<byte> start) => CaptureReader.IsCapture(start);
}

/// <summary>What became of a capture that was sent again.</summary>
public sealed record ReplayResult
{
    /// <summary>Packets sent.</summary>
    public required long Sent { get; init; }

    /// <summary>Those of them of which the file holds only the beginning; they were sent as far as they go.</summary>
    public required long Truncated { get; init; }

    /// <summary>Packets of interfaces that were not meant.</summary>
    public required long Skipped { get; init; }
}
