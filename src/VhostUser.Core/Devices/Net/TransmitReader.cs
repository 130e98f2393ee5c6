using System.Runtime.CompilerServices;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Looks at a transmitted chain as a packet: checks direction and lengths, and steps over the header.</summary>
internal static unsafe class TransmitReader
{
    /// <summary>The largest packet a device accepts behind its header: a 64 KiB IP packet in a tagged frame (virtio 1.3 §5.1.6.3.1).</summary>
    public const uint MaxPacket = 65550;

    /// <summary>The packet of a chain, or false with the reason to drop it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ChainBurst burst, ref Chain chain, int headerLength, out PacketView packet, out DropReason reason)
    {
        uint length = chain.ReadableBytes - (uint)headerLength;
        // Wraps around when the chain is shorter than its header, and so is caught by the same comparison.
        if (length - 1 < MaxPacket && chain.WritableSegments == 0)
        {
            Memory.Segment* segments = burst.Segments + chain.FirstSegment;
            // A header in a descriptor of its own is the usual form besides one descriptor for all: step over it once, here.
            packet = segments->Length == (uint)headerLength
                ? new PacketView(segments + 1, chain.ReadableSegments - 1, 0, length)
                : new PacketView(segments, chain.ReadableSegments, (uint)headerLength, length);
            reason = default;
            return true;
        }
        packet = default;
        reason = chain.WritableSegments > 0 ? DropReason.WrongDirection
            : chain.ReadableBytes < (uint)headerLength ? DropReason.ShorterThanHeader
            : length == 0 ? DropReason.Empty : DropReason.TooLong;
        return false;
    }

    /// <summary>
    /// Copies the header of a chain out of shared memory, once. Of its flags only NEEDS_CSUM is a driver's to set; the others are
    /// left out (virtio 1.3 §5.1.6.2).
    /// </summary>
    public static NetHeader ReadHeader(ChainBurst burst, ref Chain chain, int headerLength)
    {
        NetHeader header = default;
        var cursor = new Memory.SegmentCursor(burst.Segments + chain.FirstSegment, chain.ReadableSegments);
        cursor.Read((byte*)&header, (uint)Math.Min(headerLength, NetHeader.Length));
        header.Flags &= NetHeader.NeedsCsum;
        return header;
    }

    /// <summary>
    /// Whether a header asks for nothing that was not negotiated: neither a checksum to complete nor segments to cut
    /// (virtio 1.3 §5.1.6.2: a driver must not set these without the features, which this device does not offer).
    /// </summary>
    public static bool IsPlain(in NetHeader header) => (header.Flags & NetHeader.NeedsCsum) == 0 && header.GsoType == 0;
}
