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
    /// <summary>Features that were not used: not offered by the back-end or excluded here, each with the reason.</summary>
    public required string[] RefusedFeatures { get; init; }
}
