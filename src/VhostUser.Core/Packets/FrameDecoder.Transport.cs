using System.Net;

namespace VhostUser.Packets;

internal sealed partial class FrameDecoder
{
    /// <summary>Decodes what an IP packet carries; <paramref name="whole"/> says that its checksum can be judged from this frame.</summary>
    private void Upper(IpLayer ip, byte protocol, int offset, int fragmentOffset, bool whole)
    {
        if (fragmentOffset > 0)
        {
            Payload(offset);
            return;
        }
        switch (protocol)
        {
            case IpProtocol.Udp: Udp(ip, offset, whole); break;
            case IpProtocol.Tcp: Tcp(ip, offset, whole); break;
            case IpProtocol.Icmp when ip is Ipv4Layer: Icmp(ip, 4, offset, whole); break;
            case IpProtocol.IcmpV6 when ip is Ipv6Layer: Icmp(ip, 6, offset, whole); break;
            default: Payload(offset); break;
        }
    }

    private void Udp(IpLayer ip, int offset, bool whole)
    {
        if (!Fits("UDP header", offset, UdpLayer.Size))
            return;
        int left = _end - offset;
        int length = ReadUInt16(offset + 4);
        if (length < UdpLayer.Size)
        {
            Malformed(offset, $"UDP length: expected at least 8, got {length}");
            return;
        }
        bool tooLong = whole && length > left;
        int end = Math.Min(_end, offset + length);
        int checksum = ReadUInt16(offset + 6);
        // RFC 768: zero says that the sender made none (RFC 8200 §8.1 forbids that for IPv6, where it then is wrong).
        bool judged = whole && !tooLong && !(checksum == 0 && ip is Ipv4Layer);
        bool? valid = judged ? TransportValid(ip, IpProtocol.Udp, offset, end, offset + 6) : null;
        _layers.Add(new UdpLayer(offset, UdpLayer.Size, ReadUInt16(offset), ReadUInt16(offset + 2), length, checksum, valid));
        if (tooLong)
        {
            Malformed(offset + UdpLayer.Size, $"UDP length: expected at most the {left} bytes left, got {length}");
            return;
        }
        _end = end;
        Payload(offset + UdpLayer.Size);
    }

    private void Tcp(IpLayer ip, int offset, bool whole)
    {
        if (!Fits("TCP header", offset, TcpLayer.MinimumSize))
            return;
        int left = _end - offset;
        int length = (Bytes[offset + 12] >> 4) * 4;
        if (length < TcpLayer.MinimumSize || length > left)
        {
            Malformed(offset, $"TCP data offset: expected 20 to {Math.Min(60, left)} bytes, got {length}");
            return;
        }
        string options = TcpOptions.Describe(Bytes[(offset + TcpLayer.MinimumSize)..(offset + length)]);
        _layers.Add(new TcpLayer(offset, length, ReadUInt16(offset), ReadUInt16(offset + 2), ReadUInt32(offset + 4),
            ReadUInt32(offset + 8), (TcpFlags)Bytes[offset + 13], ReadUInt16(offset + 14), options, ReadUInt16(offset + 16),
            whole ? TransportValid(ip, IpProtocol.Tcp, offset, _end, offset + 16) : null));
        Payload(offset + length);
    }

    private void Icmp(IpLayer ip, int version, int offset, bool whole)
    {
        if (!Fits("ICMP header", offset, IcmpLayer.Size))
            return;
        int type = Bytes[offset];
        bool echo = IcmpTypes.IsEcho(version, type);
        bool neighbour = version == 6 && type is IcmpTypes.NeighbourSolicitation or IcmpTypes.NeighbourAdvertisement;
        IPAddress? target = null;
        int length = IcmpLayer.Size;
        if (neighbour)
        {
            length += 16;
            if (!Fits("ICMPv6 neighbour message", offset, length))
                return;
            target = ReadAddress(offset + IcmpLayer.Size, 16);
        }
        byte protocol = version == 4 ? IpProtocol.Icmp : IpProtocol.IcmpV6;
        _layers.Add(new IcmpLayer(offset, length, version, type, Bytes[offset + 1], IcmpTypes.Describe(version, type),
            echo ? ReadUInt16(offset + 4) : null, echo ? ReadUInt16(offset + 6) : null, target, ReadUInt16(offset + 2),
            whole ? TransportValid(ip, protocol, offset, _end, offset + 2) : null));
        Payload(offset + length);
    }

    private bool? TransportValid(IpLayer ip, byte protocol, int offset, int end, int checksumAt)
    {
        if (checksumAt == _pendingChecksum)
            return null;
        uint partial = FrameChecksums.PseudoHeader(Bytes, ip, protocol, end - offset);
        return InternetChecksum.Sum(Bytes[offset..end], partial) == 0xFFFF;
    }
}
