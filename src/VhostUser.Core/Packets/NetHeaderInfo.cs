using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>The virtio-net header that came before a frame (virtio 1.3 §5.1.6), as plain values to look at.</summary>
/// <param name="Flags">What is to know about the checksum.</param>
/// <param name="GsoType">
/// The segmentation left to the receiver: "None", "TCPv4", "TCPv6", "UDP" or "UDP_L4", and "+ECN"; else the number.
/// </param>
/// <param name="HeaderLength">hdr_len: the bytes of headers to repeat in each segment.</param>
/// <param name="GsoSize">gso_size: the payload bytes of each segment.</param>
/// <param name="ChecksumStart">csum_start: the byte of the frame at which the checksum begins.</param>
/// <param name="ChecksumOffset">csum_offset: the place of the checksum, in bytes after <paramref name="ChecksumStart"/>.</param>
/// <param name="BufferCount">num_buffers: the descriptor chains the frame was spread over; null in a 10-byte header.</param>
/// <param name="HashValue">The flow's hash; null unless the header has 20 bytes.</param>
/// <param name="HashReport">The kind of hash; null unless the header has 20 bytes.</param>
/// <param name="Size">The header's length in bytes: 10 (legacy), 12, or 20 (VIRTIO_NET_F_HASH_REPORT).</param>
public sealed record NetHeaderInfo(
    NetHeaderFlags Flags, string GsoType, int HeaderLength, int GsoSize, int ChecksumStart, int ChecksumOffset,
    int? BufferCount, uint? HashValue, int? HashReport, int Size)
{
    /// <summary>Reads a header of 10, 12 or 20 bytes; throws <see cref="ArgumentException"/> for another length.</summary>
    public static NetHeaderInfo Parse(ReadOnlySpan<byte> header)
    {
        if (header.Length is not (10 or 12 or 20))
            throw PacketError.Argument("virtio-net header", "10, 12 or 20 bytes", header.Length);
        // A packet in one buffer that leaves nothing to do comes with this header, and all of those share what it says.
        return header.Length == 12 && header.SequenceEqual(Plain) ? s_plain : Read(header);
    }

    private static ReadOnlySpan<byte> Plain => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];

    private static readonly NetHeaderInfo s_plain = Read(Plain);

    private static NetHeaderInfo Read(ReadOnlySpan<byte> header) =>
        new((NetHeaderFlags)header[0], DescribeGso(header[1]), ReadUInt16(header, 2), ReadUInt16(header, 4),
            ReadUInt16(header, 6), ReadUInt16(header, 8),
            header.Length >= 12 ? ReadUInt16(header, 10) : null,
            header.Length >= 20 ? BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) : null,
            header.Length >= 20 ? ReadUInt16(header, 16) : null,
            header.Length);

    private static int ReadUInt16(ReadOnlySpan<byte> header, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(header[offset..]);

    /// <summary>The name of a gso_type.</summary>
    internal static string DescribeGso(byte type)
    {
        const byte ecn = 0x80;
        string name = (type & ~ecn) switch
        {
            0 => "None",
            1 => "TCPv4",
            3 => "UDP",
            4 => "TCPv6",
            5 => "UDP_L4",
            int other => $"0x{other:x2}",
        };
        return (type & ecn) != 0 ? name + "+ECN" : name;
    }
}
