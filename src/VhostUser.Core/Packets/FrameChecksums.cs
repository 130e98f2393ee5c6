using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>Makes the checksums of a frame right after its bytes were changed.</summary>
internal static class FrameChecksums
{
    /// <summary>The pseudo header's sum for what an IP packet carries; ICMP over IPv4 has none.</summary>
    internal static uint PseudoHeader(ReadOnlySpan<byte> frame, IpLayer ip, byte protocol, int length) => protocol == IpProtocol.Icmp
        ? 0u
        : InternetChecksum.PseudoHeader(frame.Slice(ip.AddressOffset, 2 * ip.AddressLength), protocol, length);

    /// <summary>True when the upper layer's checksum covers bytes or addresses this frame does not have.</summary>
    internal static bool ArePartial(IReadOnlyList<PacketLayer> layers) => layers.Any(layer => layer switch
    {
        Ipv4Layer ip => ip.MoreFragments || ip.FragmentOffset > 0,
        Ipv6FragmentLayer fragment => fragment.MoreFragments || fragment.FragmentOffset > 0,
        Ipv6ExtensionLayer extension => extension.SegmentsLeft > 0,
        MalformedLayer => true,
        _ => false,
    });

    /// <summary>Writes the IPv4 header checksum and the upper layer's checksum into the frame, as far as the layers go.</summary>
    /// <param name="frame">The frame; its layout is that of <paramref name="layers"/>.</param>
    /// <param name="layers">The layers of the frame.</param>
    /// <param name="keepAbsent">Leaves a UDP checksum of zero over IPv4 as it is: the sender chose to have none.</param>
    internal static void Update(Span<byte> frame, IReadOnlyList<PacketLayer> layers, bool keepAbsent)
    {
        IpLayer? ip = layers.OfType<IpLayer>().FirstOrDefault();
        if (ip is Ipv4Layer)
            Write(frame, ip.Offset + 10, ip.Offset, ip.Offset + ip.Length, 0);

        TransportLayer? upper = layers.OfType<TransportLayer>().FirstOrDefault();
        bool absent = keepAbsent && ip is Ipv4Layer && upper is UdpLayer { Checksum: 0 };
        if (ip is null || upper is null || absent || ArePartial(layers))
            return;
        byte protocol = upper switch
        {
            UdpLayer => IpProtocol.Udp,
            TcpLayer => IpProtocol.Tcp,
            _ => ip is Ipv4Layer ? IpProtocol.Icmp : IpProtocol.IcmpV6,
        };
        int end = layers[^1] is TrailerLayer trailer ? trailer.Offset : frame.Length;
        int place = upper.Offset + upper.ChecksumOffset;
        Write(frame, place, upper.Offset, end, PseudoHeader(frame, ip, protocol, end - upper.Offset));
        // RFC 768: a UDP checksum that comes out as zero is sent as all ones.
        if (upper is UdpLayer && frame[place] == 0 && frame[place + 1] == 0)
            frame[place] = frame[place + 1] = 0xFF;
    }

    private static void Write(Span<byte> frame, int place, int start, int end, uint partial)
    {
        frame[place] = frame[place + 1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(frame[place..], InternetChecksum.Compute(frame[start..end], partial));
    }
}
