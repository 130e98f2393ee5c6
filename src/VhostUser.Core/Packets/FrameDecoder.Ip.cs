namespace VhostUser.Packets;

internal sealed partial class FrameDecoder
{
    private void Ipv4(int offset)
    {
        if (!Fits("IPv4 header", offset, Ipv4Layer.MinimumSize))
            return;
        ReadOnlySpan<byte> ip = Bytes[offset.._end];
        int length = (ip[0] & 0xF) * 4;
        int total = ReadUInt16(offset + 2);
        string? fault =
            ip[0] >> 4 != 4 ? $"IPv4 version: expected 4, got {ip[0] >> 4}"
            : length < Ipv4Layer.MinimumSize ? $"IPv4 header length: expected 20 to 60 bytes, got {length}"
            : length > ip.Length ? $"IPv4 header length: expected at most the {ip.Length} bytes left, got {length}"
            : total < length ? $"IPv4 total length: expected at least the header's {length} bytes, got {total}"
            : null;
        if (fault is not null)
        {
            Malformed(offset, fault);
            return;
        }

        int fragment = ReadUInt16(offset + 6);
        bool more = (fragment & 0x2000) != 0;
        int fragmentOffset = (fragment & 0x1FFF) * 8;
        var layer = new Ipv4Layer(offset, length, ReadAddress(offset + 12, 4), ReadAddress(offset + 16, 4),
            ip[9], ip[8], ip[1] >> 2, ip[1] & 3, total, ReadUInt16(offset + 4), (fragment & 0x4000) != 0, more, fragmentOffset,
            ReadUInt16(offset + 10), InternetChecksum.Sum(ip[..length]) == 0xFFFF);
        _layers.Add(layer);
        if (total > ip.Length)
        {
            Malformed(offset + length, $"IPv4 total length: expected at most the {ip.Length} bytes left, got {total}");
            return;
        }
        _end = offset + total;
        Upper(layer, layer.Protocol, offset + length, fragmentOffset, whole: !more && fragmentOffset == 0);
    }

    private void Ipv6(int offset)
    {
        if (!Fits("IPv6 header", offset, Ipv6Layer.Size))
            return;
        ReadOnlySpan<byte> ip = Bytes[offset.._end];
        uint first = ReadUInt32(offset);
        if (first >> 28 != 6)
        {
            Malformed(offset, $"IPv6 version: expected 6, got {first >> 28}");
            return;
        }
        int length = ReadUInt16(offset + 4);
        int left = ip.Length - Ipv6Layer.Size;
        var layer = new Ipv6Layer(offset, Ipv6Layer.Size, ReadAddress(offset + 8, 16), ReadAddress(offset + 24, 16),
            ip[6], ip[7], (int)(first >> 22 & 0x3F), (int)(first >> 20 & 3), (int)(first & 0xF_FFFF), length);
        _layers.Add(layer);
        if (length > left)
        {
            Malformed(offset + Ipv6Layer.Size, $"IPv6 payload length: expected at most the {left} bytes left, got {length}");
            return;
        }
        // RFC 2675 §3: zero before hop-by-hop options is a jumbogram, whose length the frame gives.
        if (length > 0 || layer.Protocol != IpProtocol.HopByHop)
            _end = offset + Ipv6Layer.Size + length;
        Ipv6Extensions(layer);
    }

    private void Ipv6Extensions(Ipv6Layer ip)
    {
        int offset = ip.Offset + Ipv6Layer.Size;
        int fragmentOffset = 0;
        bool whole = true;
        byte header = ip.Protocol;
        while (fragmentOffset == 0 && IsExtension(header))
        {
            if (!Fits("IPv6 extension header", offset, 8))
                return;
            byte next = Bytes[offset];
            int length = ExtensionLength(header, Bytes[offset + 1]);
            if (!Fits("IPv6 extension header", offset, length))
                return;
            if (header == IpProtocol.Fragment)
            {
                int fragment = ReadUInt16(offset + 2);
                fragmentOffset = fragment & 0xFFF8;
                whole &= (fragment & 0xFFF9) == 0;
                _layers.Add(new Ipv6FragmentLayer(offset, length, next, fragmentOffset, (fragment & 1) != 0, ReadUInt32(offset + 4)));
            }
            else
            {
                // RFC 8200 §8.1: with segments left, the pseudo header has the last stop's address, not the header's.
                int segmentsLeft = header == IpProtocol.Routing ? Bytes[offset + 3] : 0;
                whole &= segmentsLeft == 0;
                _layers.Add(new Ipv6ExtensionLayer(offset, length, header, next, segmentsLeft));
            }
            header = next;
            offset += length;
        }
        Upper(ip, header, offset, fragmentOffset, whole);
    }

    private static bool IsExtension(byte header) => header is IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.Fragment
        or IpProtocol.Authentication or IpProtocol.DestinationOptions or IpProtocol.Mobility or IpProtocol.HostIdentity or IpProtocol.Shim6;

    private static int ExtensionLength(byte header, byte length) => header switch
    {
        IpProtocol.Fragment => 8,
        IpProtocol.Authentication => Math.Max(8, (length + 2) * 4), // RFC 4302 §2.2: in 4-byte words, less 2.
        _ => (length + 1) * 8, // RFC 8200 §4.3: in 8-byte words, the first not counted.
    };
}
