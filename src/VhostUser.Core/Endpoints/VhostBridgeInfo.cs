namespace VhostUser.Endpoints;

/// <summary>A photograph of a <see cref="VhostBridge"/>.</summary>
public sealed record VhostBridgeInfo
{
    /// <summary>Identity of the handle; a successor of the same name has another.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>Id of the process that owns the handle.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>Name.</summary>
    public required string Name { get; init; }
    /// <summary>Its ports, in the order of their numbers.</summary>
    public required VhostBridgePortInfo[] Ports { get; init; }
    /// <summary>The stations it knows.</summary>
    public required VhostBridgeStation[] Stations { get; init; }
    /// <summary>Silence after which a station is forgotten.</summary>
    public required TimeSpan AgeingTime { get; init; }
    /// <summary>Packets that came in at all ports together.</summary>
    public required long Packets { get; init; }
    /// <summary>Packets, or copies of them, that were not sent on, by reason and all ports together.</summary>
    public required IReadOnlyDictionary<string, long> Drops { get; init; }
}
