using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>The headers a packet starts from: default values, no payload, checksums still zero.</summary>
internal static class PacketDefaults
{
    private static readonly byte[] Source4 = [10, 0, 0, 1];
    private static readonly byte[] Destination4 = [10, 0, 0, 2];
    private static readonly byte[] Source6 = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    private static readonly byte[] Destination6 = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    internal static byte[] Ethernet(MacAddress destination, MacAddress source, EtherType type, ReadOnlySpan<byte> body)
    {
        var frame = new byte[14 + body.Length];
        destination.CopyTo(frame);
        source.CopyTo(frame.AsSpan(6));
        WriteUInt16(frame, 12, (int)type);
        body.CopyTo(frame.AsSpan(14));
        return frame;
    }

    internal static byte[] Arp(MacAddress sender, MacAddress target, ArpOperation? operation)
    {
        byte[] arp = [0, 1, 8, 0, 6, 4, 0, 1, .. new byte[20]];
        sender.CopyTo(arp.AsSpan(8));
        Source4.CopyTo(arp, 14);
        // RFC 826: a request does not know the target's hardware address.
        if (operation is not (null or ArpOperation.Request))
            target.CopyTo(arp.AsSpan(18));
        Destination4.CopyTo(arp, 24);
        return arp;
    }

    internal static byte[] Ip(int version, byte protocol, ReadOnlySpan<byte> upper)
    {
        byte[] header = version == 4
            ? [0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, .. Source4, .. Destination4]
            : [0x60, 0, 0, 0, 0, 0, protocol, 64, .. Source6, .. Destination6];
        if (version == 4)
            WriteUInt16(header, 2, header.Length + upper.Length);
        else
            WriteUInt16(header, 4, upper.Length);
        return [.. header, .. upper];
    }

    internal static byte[] Udp()
    {
        var udp = new byte[UdpLayer.Size];
        WritePorts(udp);
        WriteUInt16(udp, 4, UdpLayer.Size);
        return udp;
    }

    internal static byte[] Tcp()
    {
        var tcp = new byte[TcpLayer.MinimumSize];
        WritePorts(tcp);
        tcp[7] = 1;
        tcp[12] = TcpLayer.MinimumSize / 4 << 4;
        tcp[13] = (byte)TcpFlags.Syn;
        WriteUInt16(tcp, 14, 64240);
        return tcp;
    }

    /// <summary>An echo request; identifier and sequence number share the value, as other messages want zero there.</summary>
    internal static byte[] IcmpEcho(int version, byte value) =>
        [(byte)(version == 4 ? IcmpTypes.EchoRequest : IcmpTypes.EchoRequestV6), 0, 0, 0, 0, value, 0, value];

    private static void WritePorts(byte[] header)
    {
        WriteUInt16(header, 0, 1000);
        WriteUInt16(header, 2, 2000);
    }

    private static void WriteUInt16(byte[] bytes, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);
}
