using System.Net;

namespace VhostUser.Packets;

/// <summary>
/// The wishes for a packet, all optional. <see cref="PacketBuilder.Build"/> fills what is null with a default;
/// <see cref="PacketEditor.Apply(VhostPacket, PacketSpec)"/> leaves it as the template has it.
/// </summary>
public sealed record PacketSpec
{
    /// <summary>The innermost protocol; default UDP.</summary>
    public PacketProtocol? Protocol { get; init; }

    /// <summary>The sender's MAC address; default 02:00:00:00:00:01.</summary>
    public MacAddress? SourceMac { get; init; }

    /// <summary>
    /// The receiver's MAC address; default 02:00:00:00:00:02, for an ARP request broadcast, for an IP group its group
    /// address.
    /// </summary>
    public MacAddress? DestinationMac { get; init; }

    /// <summary>The VLAN, 0 to 4095; default no VLAN tag. A template without a tag gets one.</summary>
    public int? VlanId { get; init; }

    /// <summary>The VLAN priority, 0 to 7; default 0. Alone it adds a tag for VLAN 0, a priority tag.</summary>
    public int? VlanPriority { get; init; }

    /// <summary>The type number of a packet of protocol Ethernet; default 0x88B5, for local experiments.</summary>
    public int? EtherType { get; init; }

    /// <summary>What an ARP packet does; default request.</summary>
    public ArpOperation? ArpOperation { get; init; }

    /// <summary>The sender's IP address; default 10.0.0.1, or fd00::1 in IPv6.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>The receiver's IP address; default 10.0.0.2, or fd00::2 in IPv6.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>The time to live or hop limit, 0 to 255; default 64.</summary>
    public int? TimeToLive { get; init; }

    /// <summary>The differentiated services code point, 0 to 63; default 0.</summary>
    public int? Dscp { get; init; }

    /// <summary>The IPv4 identification, 0 to 65535; default 0.</summary>
    public int? Id { get; init; }

    /// <summary>The IPv4 don't-fragment bit; default false.</summary>
    public bool? DontFragment { get; init; }

    /// <summary>The protocol number of a packet of protocol IPv4 or IPv6; default 253, for experiments.</summary>
    public int? IpProtocol { get; init; }

    /// <summary>The sender's UDP or TCP port, 0 to 65535; default 1000.</summary>
    public int? SourcePort { get; init; }

    /// <summary>The receiver's UDP or TCP port, 0 to 65535; default 2000.</summary>
    public int? DestinationPort { get; init; }

    /// <summary>The TCP or ICMP echo sequence number; default 1.</summary>
    public uint? Sequence { get; init; }

    /// <summary>The TCP acknowledgment number; default 0.</summary>
    public uint? Acknowledgment { get; init; }

    /// <summary>The TCP control bits; default SYN.</summary>
    public TcpFlags? TcpFlags { get; init; }

    /// <summary>The TCP window, 0 to 65535; default 64240.</summary>
    public int? Window { get; init; }

    /// <summary>The ICMP message by name; default echo request.</summary>
    public IcmpMessage? IcmpMessage { get; init; }

    /// <summary>The ICMP type by number, 0 to 255, instead of <see cref="IcmpMessage"/>.</summary>
    public int? IcmpType { get; init; }

    /// <summary>The ICMP code, 0 to 255; default 0.</summary>
    public int? IcmpCode { get; init; }

    /// <summary>The ICMP echo identifier, 0 to 65535; default 1.</summary>
    public int? IcmpId { get; init; }

    /// <summary>The bytes after the innermost header; default none.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>The payload as text, sent as UTF-8, instead of <see cref="Payload"/>.</summary>
    public string? PayloadText { get; init; }

    /// <summary>The exact length of the frame in bytes: the payload (in ARP: the frame) is filled up with zeros.</summary>
    public int? Length { get; init; }

    /// <summary>The least length of the frame in bytes: the payload (in ARP: the frame) is filled up with zeros.</summary>
    public int? MinimumLength { get; init; }

    /// <summary>
    /// Fills the frame up with zeros to Ethernet's least length, 60 bytes, behind the end the headers give; default false.
    /// </summary>
    public bool PadToMinimum { get; init; }
}
