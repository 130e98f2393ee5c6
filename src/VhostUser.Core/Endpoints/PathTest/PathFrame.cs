using System.Buffers.Binary;
using System.Numerics;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>
/// The packet that a path is tested with, of one size: UDP over IPv4 whose payload has the run's id, a CRC-32C of all that follows, the
/// packet's number, the time it was sent, and bytes that differ from packet to packet.
/// </summary>
internal sealed class PathFrame
{
    /// <summary>The smallest frame that has room for them.</summary>
    public const int MinLength = 60;

    private const int CrcAt = 4;
    private const int NumberAt = 8;
    private const int TimeAt = 12; // 48 bits: three days of nanoseconds
    private const int FillAt = 18;
    private const int UdpChecksumAt = 6;

    private readonly byte[] _frame;
    private readonly int _payload;
    private readonly uint _run;

    /// <param name="template">Whose addresses and tags the packet has; UDP over IPv4.</param>
    /// <param name="length">Bytes of the frame.</param>
    /// <param name="run">Id of the run, by which its packets are told from others.</param>
    /// <exception cref="VhostException">InvalidArgument: the template is no UDP over IPv4, or too long for the size.</exception>
    public PathFrame(VhostPacket template, int length, uint run)
    {
        _run = run;
        _frame = PacketEditor.Apply(template, new PacketSpec { Payload = ReadOnlyMemory<byte>.Empty, Length = length }).Bytes.ToArray();
        if (!FrameOffsets.TryFind(_frame, out FrameOffsets offsets) || offsets.Protocol != FrameOffsets.Udp || offsets.IsIpv6 || _frame.Length - offsets.Payload < FillAt)
            throw new VhostException(VhostError.InvalidArgument, $"A path is tested with UDP over IPv4 and {FillAt} bytes of payload; the packet of {length} bytes is {template}.", null,
                "Make the template with New-VhostPacket -Udp, or choose a larger size.");
        // 0 is "none" (RFC 768): the payload has a better one of its own.
        _frame.AsSpan(offsets.Transport + UdpChecksumAt, 2).Clear();
        _payload = offsets.Payload;
        BinaryPrimitives.WriteUInt32BigEndian(_frame.AsSpan(_payload), run);
    }

    /// <summary>The frame as it is sent next; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(long number, long nanoseconds)
    {
        Span<byte> payload = _frame.AsSpan(_payload);
        BinaryPrimitives.WriteUInt32BigEndian(payload[NumberAt..], (uint)number);
        BinaryPrimitives.WriteUInt16BigEndian(payload[TimeAt..], (ushort)(nanoseconds >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(payload[(TimeAt + 2)..], (uint)nanoseconds);
        payload[FillAt..].Fill((byte)(number * 7));
        BinaryPrimitives.WriteUInt32BigEndian(payload[CrcAt..], Crc(_run, payload[NumberAt..]));
        return _frame;
    }

    /// <summary>What a received frame is.</summary>
    public enum Kind
    {
        /// <summary>No packet of this run.</summary>
        Foreign,
        /// <summary>One that was changed on its way.</summary>
        Corrupt,
        /// <summary>One as it was sent.</summary>
        Good,
    }

    /// <summary>Looks at a received frame.</summary>
    /// <param name="frame">The frame, in private memory.</param>
    /// <param name="run">Id of the run.</param>
    /// <param name="number">The lowest 32 bits of its number.</param>
    /// <param name="nanoseconds">When it was sent.</param>
    public static Kind Read(ReadOnlySpan<byte> frame, uint run, out uint number, out long nanoseconds)
    {
        number = 0;
        nanoseconds = 0;
        if (!FrameOffsets.TryFind(frame, out FrameOffsets offsets) || offsets.Protocol != FrameOffsets.Udp) return Kind.Foreign;
        ReadOnlySpan<byte> payload = frame[offsets.Payload..];
        // Ethernet's padding is no payload: the UDP length says where that ends.
        int length = BinaryPrimitives.ReadUInt16BigEndian(frame[(offsets.Transport + 4)..]) - 8;
        if (length < FillAt || length > payload.Length || BinaryPrimitives.ReadUInt32BigEndian(payload) != run) return Kind.Foreign;
        payload = payload[..length];
        if (Crc(run, payload[NumberAt..]) != BinaryPrimitives.ReadUInt32BigEndian(payload[CrcAt..])) return Kind.Corrupt;
        number = BinaryPrimitives.ReadUInt32BigEndian(payload[NumberAt..]);
        nanoseconds = (long)BinaryPrimitives.ReadUInt16BigEndian(payload[TimeAt..]) << 32 | BinaryPrimitives.ReadUInt32BigEndian(payload[(TimeAt + 2)..]);
        return Kind.Good;
    }

    private static uint Crc(uint seed, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~seed;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
