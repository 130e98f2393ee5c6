namespace VhostUser.Packets;

/// <summary>A packet taken from a virtqueue, with the queue, the time and the virtio-net header it came with.</summary>
public sealed class ReceivedPacket : VhostPacket
{
    private const int RequestSize = 10;

    private readonly byte[]? _request;

    /// <summary>Copies header and frame as they lay in the buffers.</summary>
    /// <param name="netHeader">The virtio-net header: 10, 12 or 20 bytes; throws <see cref="ArgumentException"/> otherwise.</param>
    /// <param name="frame">The Ethernet frame.</param>
    /// <param name="queue">The index of the virtqueue.</param>
    /// <param name="timestamp">When the packet was taken.</param>
    public ReceivedPacket(ReadOnlySpan<byte> netHeader, ReadOnlySpan<byte> frame, int queue, DateTimeOffset timestamp)
        : this(new ReadOnlyMemory<byte>(frame.ToArray()), netHeader, queue, timestamp)
    {
    }

    private ReceivedPacket(ReadOnlyMemory<byte> frame, ReadOnlySpan<byte> netHeader, int queue, DateTimeOffset timestamp)
        : base(frame)
    {
        NetHeader = NetHeaderInfo.Parse(netHeader);
        if (NeedsChecksum || netHeader[1] != 0) _request = netHeader[..RequestSize].ToArray();
        Queue = queue;
        Timestamp = timestamp;
    }

    /// <summary>The same of a frame that was copied already and is the packet's from now on.</summary>
    internal static ReceivedPacket Owning(byte[] frame, ReadOnlySpan<byte> netHeader, int queue, DateTimeOffset timestamp) =>
        new(new ReadOnlyMemory<byte>(frame), netHeader, queue, timestamp);

    /// <summary>The index of the virtqueue the packet came from.</summary>
    public int Queue { get; }

    /// <summary>When the packet was taken from the queue.</summary>
    public DateTimeOffset Timestamp { get; }

    /// <summary>The virtio-net header before the frame.</summary>
    public NetHeaderInfo NetHeader { get; }

    /// <summary>True when the sender left the checksum to the receiver, so that the frame does not hold the right one yet.</summary>
    public bool NeedsChecksum => NetHeader.Flags.HasFlag(NetHeaderFlags.NeedsCsum);

    internal override ReadOnlySpan<byte> Request => _request;

    private protected override int PendingChecksum => NeedsChecksum ? NetHeader.ChecksumStart + NetHeader.ChecksumOffset : -1;

    /// <summary>
    /// The packet with the checksum filled in that the sender left to the receiver, or the same frame when none was left;
    /// throws <see cref="InvalidOperationException"/> when the header places it outside the frame.
    /// </summary>
    public VhostPacket CompleteChecksum()
    {
        byte[] frame = Bytes.ToArray();
        if (NeedsChecksum && !InternetChecksum.Complete(frame, NetHeader.ChecksumStart, NetHeader.ChecksumOffset))
            throw new InvalidOperationException(
                $"virtio-net header: expected a checksum inside the frame's {Length} bytes, "
                + $"got csum_start {NetHeader.ChecksumStart} and csum_offset {NetHeader.ChecksumOffset}.");
        return new VhostPacket(frame);
    }
}
