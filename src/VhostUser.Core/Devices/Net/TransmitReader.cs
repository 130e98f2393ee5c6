using System.Runtime.CompilerServices;
using VhostUser.Devices.Net.Offloads;
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
    /// The usual packet in one look: header and packet in one descriptor, and a header that asks for nothing. False says only that
    /// <see cref="TryTake"/> has to look closer.
    /// </summary>
    /// <param name="chain">The chain.</param>
    /// <param name="segments">The burst's segments.</param>
    /// <param name="headerLength">Bytes of the header.</param>
    /// <param name="data">The packet, in guest memory.</param>
    /// <param name="length">Its bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTakePlain(Chain* chain, Memory.Segment* segments, uint headerLength, out byte* data, out uint length)
    {
        byte* start = segments[chain->FirstSegment].Address;
        data = start + headerLength;
        length = chain->ReadableBytes - headerLength;
        return chain->ReadableSegments == 1 && chain->WritableSegments == 0 && length - 1 < MaxPacket && HasPlainHeader(start);
    }

    // Flags and gso_type at once, read once: nearly every header says nothing.
    private static bool HasPlainHeader(byte* header) => (Volatile.Read(ref *(ushort*)header) & (NetHeader.NeedsCsum | 0xFF00)) == 0;

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

    /// <summary>The header of a chain if the driver may send it, as a private copy; a plain one comes as zeros, whatever else it says.</summary>
    /// <param name="burst">The burst with the chain.</param>
    /// <param name="chain">A chain that <see cref="TryRead"/> took for a packet.</param>
    /// <param name="pair">The pair it came by.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="header">The header.</param>
    /// <param name="reason">Set when the driver may not send it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHeader(ChainBurst burst, ref Chain chain, NetQueuePair pair, uint length, out NetHeader header, ref DropReason reason)
    {
        Memory.Segment* first = burst.Segments + chain.FirstSegment;
        header = default;
        if (first->Length >= sizeof(ushort) && HasPlainHeader(first->Address)) return true;
        header = ReadHeader(burst, ref chain, pair.HeaderLength);
        if (OffloadRules.IsAllowed(header, pair.Features, length)) return true;
        reason = DropReason.InvalidHeader;
        return false;
    }

    /// <summary>Packet and header of a chain, counted at the ring, or false: then the chain is dropped there with its reason.</summary>
    /// <param name="pair">The pair of whose transmit ring it was taken.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="packet">The packet, in place.</param>
    /// <param name="header">Its header as <see cref="TryReadHeader"/> gives it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTake(NetQueuePair pair, ref Chain chain, out PacketView packet, out NetHeader header)
    {
        Vring ring = pair.Transmit;
        header = default;
        if (TryRead(ring.Burst, ref chain, pair.HeaderLength, out packet, out DropReason reason) && TryReadHeader(ring.Burst, ref chain, pair, packet.Length, out header, ref reason))
        {
            ring.Counters.Packets++;
            ring.Counters.Bytes += packet.Length;
            return true;
        }
        ring.Counters.Drops.Add(reason);
        return false;
    }
}
