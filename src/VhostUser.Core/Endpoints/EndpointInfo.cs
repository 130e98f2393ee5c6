using VhostUser.Memory;

namespace VhostUser.Endpoints;

/// <summary>What a photograph of a server and of a client have in common: primitives only, so it survives remoting.</summary>
public abstract record EndpointInfo
{
    /// <summary>Name given at the start.</summary>
    public required string Name { get; init; }
    /// <summary>Tells this handle from another that had or will have its name.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>Id of the process that owns the handle.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>Where it stands.</summary>
    public required EndpointState State { get; init; }
    /// <summary>Socket path.</summary>
    public required string Path { get; init; }
    /// <summary>Whether this end listens (true) or connects.</summary>
    public required bool Listens { get; init; }
    /// <summary>Queue pairs of this end.</summary>
    public required int QueuePairs { get; init; }
    /// <summary>Process id of the peer, or null without one.</summary>
    public int? PeerProcessId { get; init; }
    /// <summary>User id of the peer.</summary>
    public uint? PeerUserId { get; init; }
    /// <summary>Group id of the peer.</summary>
    public uint? PeerGroupId { get; init; }
    /// <summary>Program of the peer.</summary>
    public string? PeerExecutable { get; init; }
    /// <summary>Virtio features that are negotiated, by name.</summary>
    public required string[] Features { get; init; }
    /// <summary>Virtio features that the back-end offers, by name.</summary>
    public required string[] OfferedFeatures { get; init; }
    /// <summary>Protocol features that are negotiated, by name.</summary>
    public required string[] ProtocolFeatures { get; init; }
    /// <summary>Protocol features that the back-end offers, by name.</summary>
    public string[] OfferedProtocolFeatures { get; init; } = [];
    /// <summary>Bytes of the virtio-net header in front of every packet.</summary>
    public required int HeaderLength { get; init; }
    /// <summary>Shared memory regions.</summary>
    public required MemoryRegionInfo[] Regions { get; init; }
    /// <summary>Packets this end sent.</summary>
    public required long PacketsSent { get; init; }
    /// <summary>Bytes of the packets sent, headers of virtio not counted.</summary>
    public required long BytesSent { get; init; }
    /// <summary>Packets this end received.</summary>
    public required long PacketsReceived { get; init; }
    /// <summary>Bytes of the packets received.</summary>
    public required long BytesReceived { get; init; }
    /// <summary>Packets dropped.</summary>
    public required long Dropped { get; init; }
    /// <summary>Drops by reason; only reasons that occurred.</summary>
    public required IReadOnlyDictionary<string, long> Drops { get; init; }
    /// <summary>Id of the last error, or null.</summary>
    public string? FaultId { get; init; }
    /// <summary>The last error in words, or null.</summary>
    public string? Fault { get; init; }
    /// <summary>What to do about it, or null.</summary>
    public string? FaultAction { get; init; }
}
