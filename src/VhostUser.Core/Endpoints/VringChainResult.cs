namespace VhostUser.Endpoints;

/// <summary>What came of a raw chain that was posted on a ring.</summary>
public sealed record VringChainResult
{
    /// <summary>The client that posted it.</summary>
    public required string Client { get; init; }
    /// <summary>Ring index.</summary>
    public required int Queue { get; init; }
    /// <summary>Head descriptor of the chain.</summary>
    public required int Id { get; init; }
    /// <summary>Bytes that the device says it wrote.</summary>
    public required uint Written { get; init; }
    /// <summary>The writable buffers' content, one after another, cut to what was written.</summary>
    public required byte[] Data { get; init; }
    /// <summary>Time from kick to the device's answer.</summary>
    public required TimeSpan Elapsed { get; init; }
}
