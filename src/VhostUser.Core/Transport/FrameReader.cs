using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VhostUser.Transport;

/// <summary>
/// Judges the bytes of a frame before anybody acts on them; pure. The peer is hostile: every length, count and number is checked
/// here, once, in memory that only this process can change.
/// </summary>
internal static class FrameReader
{
    /// <summary>The largest packet in a frame: a 64 KiB IP packet in a tagged Ethernet frame (virtio 1.3 §5.1.6.3.1).</summary>
    public const uint MaxPacket = 65550;

    /// <summary>Checks the header by itself: what it says before its seal is opened.</summary>
    /// <param name="frame">The bytes that came.</param>
    /// <param name="queue">Queue pair of the connection.</param>
    /// <param name="session">The session.</param>
    /// <param name="isSealed">Whether frames of this link are encrypted.</param>
    /// <param name="header">The header.</param>
    public static FrameFault CheckHeader(ReadOnlySpan<byte> frame, int queue, uint session, bool isSealed, out FrameHeader header)
    {
        header = default;
        if (frame.Length < FrameHeader.Size) return FrameFault.TooShort;
        header = MemoryMarshal.Read<FrameHeader>(frame);
        if (header.Version != FrameHeader.CurrentVersion || header.Reserved != 0) return FrameFault.Version;
        if (header.Session != session) return FrameFault.Session;
        if (header.Type is < FrameType.Data or > FrameType.Grant || header.Sealed != (isSealed ? 1 : 0)) return FrameFault.Type;
        if (header.Queue != queue) return FrameFault.Queue;
        return header.Length == (uint)frame.Length ? FrameFault.None : FrameFault.Length;
    }

    /// <summary>Checks what follows the header, in the clear.</summary>
    public static FrameFault CheckBody(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        switch (header.Type)
        {
            case FrameType.Data: return CheckPackets(body, header.Count);
            case FrameType.Load: return header.Count == 0 ? FrameFault.None : FrameFault.Count;
            default:
                int expected = header.Type switch { FrameType.Credit => 0, FrameType.Grant => Grant.Size, _ => Probe.Size };
                return header.Count != 0 ? FrameFault.Count : body.Length == expected ? FrameFault.None : FrameFault.Length;
        }
    }

    /// <summary>Takes the packet at <paramref name="at"/> of a body that was checked, and steps behind it.</summary>
    /// <param name="body">The body.</param>
    /// <param name="at">Where the record begins; moved behind the packet.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="hasHeader">Whether a header stands <see cref="PacketRecord.HeaderRoom"/> bytes before the packet.</param>
    /// <returns>The packet's first byte, counted from the body's.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe uint Next(byte* body, ref uint at, out uint length, out bool hasHeader)
    {
        PacketRecord record = *(PacketRecord*)(body + at);
        length = record.Length;
        hasHeader = record.Flags != 0;
        uint packet = at + PacketRecord.Size + (hasHeader ? PacketRecord.HeaderRoom : 0u);
        at += PacketRecord.Footprint(length, hasHeader);
        return packet;
    }

    private static FrameFault CheckPackets(ReadOnlySpan<byte> body, int count)
    {
        if (count == 0) return FrameFault.Count;
        uint at = 0;
        for (int i = 0; i < count; i++)
        {
            if ((uint)body.Length - at < PacketRecord.Size) return FrameFault.Count;
            PacketRecord record = MemoryMarshal.Read<PacketRecord>(body[(int)at..]);
            if (record.Length - 1 >= MaxPacket || record.Flags > PacketRecord.HasHeader) return FrameFault.Packet;
            uint footprint = PacketRecord.Footprint(record.Length, record.Flags != 0);
            if (footprint > (uint)body.Length - at) return FrameFault.Packet;
            at += footprint;
        }
        return at == (uint)body.Length ? FrameFault.None : FrameFault.Count;
    }
}
