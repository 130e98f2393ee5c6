namespace VhostUser.Endpoints;

/// <summary>A photograph of a <see cref="VhostClient"/>.</summary>
public sealed record VhostClientInfo : EndpointInfo
{
    /// <summary>Descriptors per ring.</summary>
    public required int QueueSize { get; init; }
    /// <summary>Bytes of a packet buffer.</summary>
    public required int BufferSize { get; init; }
    /// <summary>Names of the shared regions.</summary>
    public required string[] RegionNames { get; init; }
    /// <summary>How often a back-end went away and the client went on with the next one.</summary>
    public int Reconnects { get; init; }
    /// <summary>Packets that were in flight when a back-end went away, and were offered to the next one: it may be that some were sent twice.</summary>
    public long Retransmitted { get; init; }
    /// <summary>Packets that were given up because no back-end came back within a send's time.</summary>
    public long Lost { get; init; }
    /// <summary>Features that were not used: not offered by the back-end or excluded here, each with the reason.</summary>
    public required string[] RefusedFeatures { get; init; }
    /// <summary>Requests of the back-end on its channel, by name; only those that came.</summary>
    public IReadOnlyDictionary<string, long> BackEndRequests { get; init; } = new Dictionary<string, long>();
    /// <summary>What of the back-end's own requests was refused last, why its channel was closed, or which ring it reported as broken; null when nothing was.</summary>
    public string? LastRefusal { get; init; }
    /// <summary>How often the client announced itself because the back-end asked for it (GUEST_ANNOUNCE).</summary>
    public int Announcements { get; init; }
    /// <summary>Post-copy: pages that the back-end touched and waited for.</summary>
    public long PostcopyFaults { get; init; }
    /// <summary>Post-copy: pages that were brought to the back-end in all.</summary>
    public long PostcopyPages { get; init; }
    /// <summary>IOTLB misses that were answered, with ACCESS_PLATFORM.</summary>
    public long TranslationsAnswered { get; init; }
}
