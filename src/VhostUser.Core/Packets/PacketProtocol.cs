namespace VhostUser.Packets;

/// <summary>The innermost protocol of a packet to build; the names are those of <see cref="VhostPacket.Protocol"/> but for case.</summary>
public enum PacketProtocol
{
    /// <summary>An Ethernet header, then the payload.</summary>
    Ethernet,

    /// <summary>An ARP request or reply for IPv4 over Ethernet.</summary>
    Arp,

    /// <summary>An IPv4 header, then the payload.</summary>
    IPv4,

    /// <summary>An IPv6 header, then the payload.</summary>
    IPv6,

    /// <summary>A UDP datagram over IPv4 or IPv6.</summary>
    Udp,

    /// <summary>A TCP segment over IPv4 or IPv6.</summary>
    Tcp,

    /// <summary>An ICMP message over IPv4, or an ICMPv6 message over IPv6.</summary>
    Icmp,
}
