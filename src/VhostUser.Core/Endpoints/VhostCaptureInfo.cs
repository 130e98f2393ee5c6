namespace VhostUser.Endpoints;

/// <summary>A photograph of a <see cref="VhostCapture"/>.</summary>
public sealed record VhostCaptureInfo
{
    /// <summary>Identity of the handle; a successor of the same name has another.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>Id of the process that owns the handle.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>Name.</summary>
    public required string Name { get; init; }
    /// <summary>Where it stands.</summary>
    public required CaptureState State { get; init; }
    /// <summary>The path that was given.</summary>
    public required string Path { get; init; }
    /// <summary>The files that are there, oldest first: more than one with rotation.</summary>
    public required string[] Files { get; init; }
    /// <summary>Whose packets are captured.</summary>
    public required VhostCaptureInterfaceInfo[] Interfaces { get; init; }
    /// <summary>Packets written.</summary>
    public required long Packets { get; init; }
    /// <summary>Bytes of all files that it wrote, those removed by rotation included.</summary>
    public required long Bytes { get; init; }
    /// <summary>Packets that came faster than the file took them and are not in it.</summary>
    public required long Dropped { get; init; }
    /// <summary>The most bytes kept of a packet; 0 for all.</summary>
    public required int SnapLength { get; init; }
    /// <summary>Which way packets go that are captured.</summary>
    public required CaptureDirection Direction { get; init; }
    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }
    /// <summary>How long it has run, or ran.</summary>
    public required TimeSpan Elapsed { get; init; }
    /// <summary>Id of the error that ended it; null when none did.</summary>
    public required string? FaultId { get; init; }
    /// <summary>The error that ended it.</summary>
    public required string? Fault { get; init; }
}

/// <summary>An endpoint in a capture: an interface of its files.</summary>
public sealed record VhostCaptureInterfaceInfo
{
    /// <summary>Number in the file, from 0.</summary>
    public required int Number { get; init; }
    /// <summary>Name of the endpoint, and with one ring only the ring.</summary>
    public required string Name { get; init; }
    /// <summary>What it is: "Server", "Client" or "BridgePort".</summary>
    public required string Kind { get; init; }
    /// <summary>The one ring that is captured, or null for all.</summary>
    public required int? Queue { get; init; }
    /// <summary>Packets written.</summary>
    public required long Packets { get; init; }
    /// <summary>Packets that found no room on their way to the file.</summary>
    public required long Dropped { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
