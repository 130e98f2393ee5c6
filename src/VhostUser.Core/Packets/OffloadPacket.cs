using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>
/// A TCP or UDP packet that leaves its checksum, and perhaps its cutting into segments, to whoever receives it: what a driver with
/// VIRTIO_NET_F_CSUM and VIRTIO_NET_F_HOST_TSO4 sends (virtio 1.3 §5.1.6.2). Made by <see cref="VhostPacket.LeaveChecksum"/> and
/// <see cref="VhostPacket.LeaveSegments"/>.
/// </summary>
public sealed class OffloadPacket : VhostPacket
{
    private const int HeaderSize = 10;

    private readonly byte[] _header;

    private OffloadPacket(byte[] frame, byte[] header)
        : base(frame)
    {
        _header = header;
        NetHeader = NetHeaderInfo.Parse(header);
    }

    /// <summary>What is left to the receiver.</summary>
    public NetHeaderInfo NetHeader { get; }

    internal override ReadOnlySpan<byte> Request => _header;

    private protected override int PendingChecksum => NetHeader.ChecksumStart + NetHeader.ChecksumOffset;

    /// <param name="packet">A whole TCP or UDP packet.</param>
    /// <param name="segment">Payload bytes of each segment, or 0 to leave the packet whole.</param>
    internal static OffloadPacket Create(VhostPacket packet, int segment)
    {
        IpLayer? ip = packet.Find<IpLayer>();
        TransportLayer? transport = packet.Find<TransportLayer>();
        if (ip is null || transport is not (TcpLayer or UdpLayer) || FrameChecksums.ArePartial(packet.Layers))
            throw PacketError.Argument("Packet", "TCP or UDP over IP, whole and not a fragment", packet);
        byte[] frame = packet.Bytes.ToArray();
        // The field holds the pseudo header's sum, and the receiver adds the rest: all that follows, so no padding may.
        int end = packet.Find<TrailerLayer>() is { } trailer ? trailer.Offset : frame.Length;
        byte protocol = transport is TcpLayer ? IpProtocol.Tcp : IpProtocol.Udp;
        ushort sum = InternetChecksum.PseudoHeader(frame.AsSpan(ip.AddressOffset, 2 * ip.AddressLength), protocol, end - transport.Offset);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(transport.Offset + transport.ChecksumOffset), sum);

        byte[] header = new byte[HeaderSize];
        header[0] = (byte)NetHeaderFlags.NeedsCsum;
        Write(6, transport.Offset);
        Write(8, transport.ChecksumOffset);
        if (segment > 0)
        {
            header[1] = GsoTypeOf(ip, transport);
            Write(2, transport.Offset + transport.Length);
            Write(4, segment);
        }
        return new OffloadPacket(end == frame.Length ? frame : frame[..end], header);

        void Write(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(at), (ushort)value);
    }

    private static byte GsoTypeOf(IpLayer ip, TransportLayer transport)
    {
        const byte tcpV4 = 1, tcpV6 = 4, udpL4 = 5, ecn = 0x80;
        if (transport is not TcpLayer tcp) return udpL4;
        byte type = ip is Ipv4Layer ? tcpV4 : tcpV6;
        return tcp.Flags.HasFlag(TcpFlags.Cwr) ? (byte)(type | ecn) : type;
    }
}
