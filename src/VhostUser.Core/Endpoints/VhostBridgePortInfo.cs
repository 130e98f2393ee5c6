namespace VhostUser.Endpoints;

/// <summary>A photograph of one port of a <see cref="VhostBridge"/>.</summary>
public sealed record VhostBridgePortInfo
{
    /// <summary>Bridge.</summary>
    public required string Bridge { get; init; }
    /// <summary>Number in the bridge.</summary>
    public required int Number { get; init; }
    /// <summary>Name: that of the server, interface or link.</summary>
    public required string Name { get; init; }
    /// <summary>"Server", "Tap" or "Link".</summary>
    public required string Kind { get; init; }
    /// <summary>Whether packets can be sent there now.</summary>
    public required bool Up { get; init; }
    /// <summary>VLAN of frames without a tag, or null when there is no filter or no such VLAN.</summary>
    public int? AccessVlan { get; init; }
    /// <summary>VLANs of frames with a tag.</summary>
    public int[] Trunk { get; init; } = [];
    /// <summary>Split-horizon group; 0 for none, -1 for that of all links.</summary>
    public required int Group { get; init; }
    /// <summary>Packets that came in.</summary>
    public required long PacketsIn { get; init; }
    /// <summary>Packets sent out because their destination is here.</summary>
    public required long PacketsOut { get; init; }
    /// <summary>Packets sent out because they are for everybody, or their destination is not known.</summary>
    public required long Flooded { get; init; }
    /// <summary>Packets, or copies of them, dropped at this port by the bridge.</summary>
    public required long Dropped { get; init; }
    /// <summary>Drops by reason; only reasons that occurred.</summary>
    public required IReadOnlyDictionary<string, long> Drops { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
