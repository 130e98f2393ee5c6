using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>A photograph of an <see cref="IbTransport"/>.</summary>
public sealed record IbTransportInfo
{
    /// <summary>Identity of the handle; a successor of the same name has another.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>Id of the process that owns the handle.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>Name.</summary>
    public required string Name { get; init; }
    /// <summary>Where it stands.</summary>
    public required IbTransportState State { get; init; }
    /// <summary>What it joins here: "Server" or "Bridge".</summary>
    public required string EndKind { get; init; }
    /// <summary>The name of that.</summary>
    public required string End { get; init; }
    /// <summary>Whether this end listens.</summary>
    public required bool Listens { get; init; }
    /// <summary>Address and port of the control channel: listened on, or connected to.</summary>
    public required string Address { get; init; }
    /// <summary>The other end's address, or null while it is not there.</summary>
    public string? PeerAddress { get; init; }
    /// <summary>The fabric in use; what was asked for while the link is not up.</summary>
    public required LinkProvider Provider { get; init; }
    /// <summary>How packets cross; what was asked for while the link is not up.</summary>
    public required LinkMode Mode { get; init; }
    /// <summary>By what the ends know each other: "Key", "Certificate" or "None".</summary>
    public required string Authentication { get; init; }
    /// <summary>Whether frames are encrypted.</summary>
    public required bool Encrypted { get; init; }
    /// <summary>Queue pairs that are joined; 0 while the link is not up.</summary>
    public required int QueuePairs { get; init; }
    /// <summary>Largest packet of the path in bytes, by the network interface that it begins with; null where there is none.</summary>
    public int? PathMtu { get; init; }
    /// <summary>Bytes at which a frame is full.</summary>
    public required int FrameBytes { get; init; }
    /// <summary>Frames that may be sent at once, of all queue pairs together: what the other end has buffers posted for.</summary>
    public required int Credits { get; init; }
    /// <summary>The most that <see cref="Credits"/> can be.</summary>
    public required int Window { get; init; }
    /// <summary>Time for a sign of life to the other end and back, averaged over the last seconds; null before the first.</summary>
    public TimeSpan? RoundTrip { get; init; }
    /// <summary>Frames sent, all kinds.</summary>
    public required long FramesSent { get; init; }
    /// <summary>Frames received, all kinds.</summary>
    public required long FramesReceived { get; init; }
    /// <summary>Packets sent to the other end.</summary>
    public required long PacketsSent { get; init; }
    /// <summary>Bytes of the packets sent.</summary>
    public required long BytesSent { get; init; }
    /// <summary>Packets received from the other end.</summary>
    public required long PacketsReceived { get; init; }
    /// <summary>Bytes of the packets received.</summary>
    public required long BytesReceived { get; init; }
    /// <summary>Packets dropped here for the link's sake.</summary>
    public required long Dropped { get; init; }
    /// <summary>Drops by reason; only reasons that occurred. Those at a guest's ring are counted at its server.</summary>
    public required IReadOnlyDictionary<string, long> Drops { get; init; }
    /// <summary>Packets that were on their way when the link broke, and did not arrive; until the link is back, those that may not have.</summary>
    public required long Lost { get; init; }
    /// <summary>Times that a full frame had to wait for credits.</summary>
    public required long CreditStalls { get; init; }
    /// <summary>TCP segments that the kernel sent again for this link; null where the fabric does not tell.</summary>
    public long? Retransmits { get; init; }
    /// <summary>Frames of strangers or of older sessions, which were not taken.</summary>
    public required long ForeignFrames { get; init; }
    /// <summary>Sessions since the start: one more than the times that the link came back.</summary>
    public required int Sessions { get; init; }
    /// <summary>When the present session began, or null.</summary>
    public DateTimeOffset? Since { get; init; }
    /// <summary>Attempts of others to connect that were turned away.</summary>
    public required int Rejected { get; init; }
    /// <summary>Bytes of the virtio-net header of the other end's guest, when it had one as the session began.</summary>
    public int? PeerHeaderLength { get; init; }
    /// <summary>Id of the last error, or null.</summary>
    public string? FaultId { get; init; }
    /// <summary>The last error in words, or null.</summary>
    public string? Fault { get; init; }
    /// <summary>What to do about it, or null.</summary>
    public string? FaultAction { get; init; }
}
