using System.Buffers.Binary;

namespace VhostUser.Devices.Net.Offloads;

/// <summary>Where the headers of a TCP or UDP frame lie, as far as segmentation needs to know; all offsets are inside the frame.</summary>
internal readonly struct FrameOffsets
{
    public const byte Tcp = 6;
    public const byte Udp = 17;

    private const int EthernetLength = 14;
    private const int TagLength = 4;
    private const int MaxTags = 2;
    private const int Ipv4Length = 20;
    private const int Ipv6Length = 40;
    private const int TcpLength = 20;
    private const int UdpLength = 8;

    /// <summary>First byte of the IP header.</summary>
    public int Ip { get; private init; }

    /// <summary>Whether it is IPv6.</summary>
    public bool IsIpv6 { get; private init; }

    /// <summary>IPv6: the byte that names the upper protocol, in the fixed header or the last extension header.</summary>
    public int NextHeaderField { get; private init; }

    /// <summary>First byte of the TCP or UDP header.</summary>
    public int Transport { get; private init; }

    /// <summary><see cref="Tcp"/> or <see cref="Udp"/>.</summary>
    public byte Protocol { get; private init; }

    /// <summary>First byte behind the TCP or UDP header.</summary>
    public int Payload { get; private init; }

    /// <summary>Finds the headers; false when the frame is no unfragmented TCP or UDP over IP, or ends within its headers.</summary>
    public static bool TryFind(ReadOnlySpan<byte> frame, out FrameOffsets offsets)
    {
        offsets = default;
        int ip = EthernetLength;
        if (frame.Length < ip) return false;
        int type = BinaryPrimitives.ReadUInt16BigEndian(frame[(ip - 2)..]);
        for (int tags = 0; type is 0x8100 or 0x88A8 && tags < MaxTags; tags++)
        {
            ip += TagLength;
            if (frame.Length < ip) return false;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(ip - 2)..]);
        }
        return type switch
        {
            0x0800 => TryFindIpv4(frame, ip, out offsets),
            0x86DD => TryFindIpv6(frame, ip, out offsets),
            _ => false,
        };
    }

    private static bool TryFindIpv4(ReadOnlySpan<byte> frame, int ip, out FrameOffsets offsets)
    {
        offsets = default;
        if (frame.Length < ip + Ipv4Length || frame[ip] >> 4 != 4) return false;
        int length = (frame[ip] & 15) * 4;
        bool fragment = (BinaryPrimitives.ReadUInt16BigEndian(frame[(ip + 6)..]) & 0x3FFF) != 0; // more fragments, or an offset
        return length >= Ipv4Length && !fragment && TryFindTransport(frame, new FrameOffsets { Ip = ip, Transport = ip + length, Protocol = frame[ip + 9] }, out offsets);
    }

    private static bool TryFindIpv6(ReadOnlySpan<byte> frame, int ip, out FrameOffsets offsets)
    {
        offsets = default;
        if (frame.Length < ip + Ipv6Length || frame[ip] >> 4 != 6) return false;
        int field = ip + 6;
        int next = ip + Ipv6Length;
        // Hop-by-hop, routing and destination options (RFC 8200 §4); each is at least 8 bytes, so the walk ends with the frame.
        while (frame[field] is 0 or 43 or 60)
        {
            if (frame.Length < next + 8) return false;
            field = next;
            next += 8 + 8 * frame[next + 1];
        }
        return TryFindTransport(frame, new FrameOffsets { Ip = ip, IsIpv6 = true, NextHeaderField = field, Transport = next, Protocol = frame[field] }, out offsets);
    }

    private static bool TryFindTransport(ReadOnlySpan<byte> frame, FrameOffsets found, out FrameOffsets offsets)
    {
        offsets = default;
        int least = found.Protocol switch { Tcp => TcpLength, Udp => UdpLength, _ => int.MaxValue };
        if (frame.Length - found.Transport < least) return false;
        int length = found.Protocol == Tcp ? (frame[found.Transport + 12] >> 4) * 4 : UdpLength;
        if (length < least || frame.Length - found.Transport < length) return false;
        offsets = found with { Payload = found.Transport + length };
        return true;
    }
}
