using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace VhostUser.Packets;

/// <summary>The 16-bit ones' complement checksum of IP, UDP, TCP and ICMP (RFC 1071).</summary>
public static class InternetChecksum
{
    /// <summary>The checksum to store in a packet: the complement of <see cref="Sum"/>.</summary>
    /// <param name="data">The bytes, with the checksum field itself zero.</param>
    /// <param name="partial">A sum to continue, such as that of a <see cref="PseudoHeader"/>.</param>
    public static ushort Compute(ReadOnlySpan<byte> data, uint partial = 0) => (ushort)~Sum(data, partial);

    /// <summary>The ones' complement sum, folded to 16 bits; 0xFFFF over data that holds its right checksum.</summary>
    /// <param name="data">The bytes; an odd last byte counts as if a zero followed, so only the last part of a sum may be odd.</param>
    /// <param name="partial">A sum to continue.</param>
    public static ushort Sum(ReadOnlySpan<byte> data, uint partial = 0)
    {
        // RFC 1071 §2 (B): words may be added in the machine's byte order, and the folded sum swapped once at the end.
        ulong sum = AddWords(data);
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 32) + (uint)sum;
        ushort folded = Fold((uint)sum);
        if (BitConverter.IsLittleEndian)
            folded = BinaryPrimitives.ReverseEndianness(folded);
        return Fold(folded + (uint)Fold(partial));
    }

    /// <summary>The sum of the UDP, TCP or ICMPv6 pseudo header (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1).</summary>
    /// <param name="addresses">Source then destination address: 8 bytes for IPv4, 32 bytes for IPv6.</param>
    /// <param name="protocol">The IP protocol number of the upper layer.</param>
    /// <param name="length">The length in bytes of the upper layer's header and data.</param>
    public static ushort PseudoHeader(ReadOnlySpan<byte> addresses, byte protocol, int length) =>
        Sum(addresses, protocol + (uint)length);

    /// <summary>
    /// Does what VIRTIO_NET_HDR_F_NEEDS_CSUM leaves to the receiver: sums the frame from <paramref name="start"/> and stores
    /// it.
    /// </summary>
    /// <param name="frame">The Ethernet frame, without the virtio-net header.</param>
    /// <param name="start">csum_start: the byte at which the sum begins.</param>
    /// <param name="offset">csum_offset: the place of the checksum, in bytes after <paramref name="start"/>.</param>
    /// <returns>False, with the frame unchanged, when the checksum's place is not inside the frame.</returns>
    public static bool Complete(Span<byte> frame, int start, int offset)
    {
        // virtio 1.3 §5.1.6.2: the field already holds the pseudo header's sum, so it is part of the sum.
        if (start < 0 || offset < 0 || (long)start + offset + sizeof(ushort) > frame.Length)
            return false;
        ushort checksum = Compute(frame[start..]);
        // RFC 768: zero in UDP says "no checksum"; the other ones' complement zero stands for the value (right for TCP as well).
        BinaryPrimitives.WriteUInt16BigEndian(frame[(start + offset)..], checksum == 0 ? (ushort)0xFFFF : checksum);
        return true;
    }

    private static ulong AddWords(ReadOnlySpan<byte> data)
    {
        // 32-bit words in 64-bit sums: no carry is lost below 16 GiB, far above what a span can hold.
        ulong sum = 0;
        if (Vector.IsHardwareAccelerated && data.Length >= 2 * Vector<byte>.Count)
        {
            ReadOnlySpan<Vector<uint>> vectors = MemoryMarshal.Cast<byte, Vector<uint>>(data);
            Vector<ulong> sums = Vector<ulong>.Zero;
            foreach (Vector<uint> vector in vectors)
            {
                Vector.Widen(vector, out Vector<ulong> low, out Vector<ulong> high);
                sums += low + high;
            }
            sum = Vector.Sum(sums);
            data = data[(vectors.Length * Vector<byte>.Count)..];
        }
        for (; data.Length >= sizeof(uint); data = data[sizeof(uint)..])
            sum += MemoryMarshal.Read<uint>(data);
        if (data.Length >= sizeof(ushort))
        {
            sum += MemoryMarshal.Read<ushort>(data);
            data = data[sizeof(ushort)..];
        }
        if (data.Length > 0)
            sum += BitConverter.IsLittleEndian ? data[0] : (uint)data[0] << 8;
        return sum;
    }

    private static ushort Fold(uint sum)
    {
        sum = (sum >> 16) + (sum & 0xFFFF);
        return (ushort)((sum >> 16) + sum);
    }
}
