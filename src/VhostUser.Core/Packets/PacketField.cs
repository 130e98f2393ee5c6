namespace VhostUser.Packets;

/// <summary>A field of a packet that a template can count in; all numbers are big endian, as in the packet.</summary>
public enum PacketField
{
    /// <summary>The sender's MAC address, in ARP the sender hardware address too.</summary>
    SourceMac,

    /// <summary>The receiver's MAC address, in an ARP reply the target hardware address too.</summary>
    DestinationMac,

    /// <summary>The type of an Ethernet frame without a decoded protocol.</summary>
    EtherType,

    /// <summary>The VLAN of the outermost tag: 12 bits.</summary>
    VlanId,

    /// <summary>The priority in the outermost VLAN tag: 3 bits.</summary>
    VlanPriority,

    /// <summary>Request or reply.</summary>
    ArpOperation,

    /// <summary>The sender's IPv4 or IPv6 address, in ARP the sender protocol address.</summary>
    Source,

    /// <summary>The receiver's IPv4 or IPv6 address, in ARP the target protocol address.</summary>
    Destination,

    /// <summary>The time to live of IPv4, the hop limit of IPv6.</summary>
    TimeToLive,

    /// <summary>The differentiated services code point: 6 bits.</summary>
    Dscp,

    /// <summary>The identification of IPv4.</summary>
    Id,

    /// <summary>The don't-fragment bit of IPv4.</summary>
    DontFragment,

    /// <summary>The protocol number of an IP packet without a decoded upper protocol.</summary>
    IpProtocol,

    /// <summary>The sender's UDP or TCP port.</summary>
    SourcePort,

    /// <summary>The receiver's UDP or TCP port.</summary>
    DestinationPort,

    /// <summary>The sequence number of TCP (32 bits) or of an ICMP echo (16 bits).</summary>
    Sequence,

    /// <summary>The acknowledgment number of TCP.</summary>
    Acknowledgment,

    /// <summary>The control bits of TCP.</summary>
    TcpFlags,

    /// <summary>The window of TCP.</summary>
    Window,

    /// <summary>The type of an ICMP message.</summary>
    IcmpType,

    /// <summary>The code of an ICMP message.</summary>
    IcmpCode,

    /// <summary>The identifier of an ICMP echo.</summary>
    IcmpId,

    /// <summary>A number of 1, 2, 4 or 8 bytes at an offset in the payload.</summary>
    PayloadOffset,

    /// <summary>A number of 1, 2, 4 or 8 bytes at an offset in the frame.</summary>
    FrameOffset,
}
