using System.Management.Automation;
using System.Net;
using VhostUser.Arguments;
using VhostUser.Packets;

namespace VhostUser.Commands;

/// <summary>The fields of a packet: what a new one is like, or what to change in a given one.</summary>
public sealed partial class NewVhostPacketCommand
{
    /// <summary>The sender's MAC address; default 02:00:00:00:00:01.</summary>
    [Parameter]
    public MacAddress? SourceMac { get; set; }

    /// <summary>The receiver's MAC address; default 02:00:00:00:00:02, broadcast for an ARP request, the group's for an IP group.</summary>
    [Parameter]
    public MacAddress? DestinationMac { get; set; }

    /// <summary>The VLAN, 0 to 4095; adds a tag when there is none.</summary>
    [Parameter]
    public int? VlanId { get; set; }

    /// <summary>The VLAN priority, 0 to 7.</summary>
    [Parameter]
    public int? VlanPriority { get; set; }

    /// <summary>The type number of an Ethernet frame; default 0x88B5.</summary>
    [Parameter]
    public int? EtherType { get; set; }

    /// <summary>What an ARP packet does; default Request.</summary>
    [Parameter]
    public ArpOperation? ArpOperation { get; set; }

    /// <summary>The sender's IP address; default 10.0.0.1 or fd00::1.</summary>
    [Parameter]
    public IPAddress? Source { get; set; }

    /// <summary>The receiver's IP address; default 10.0.0.2 or fd00::2.</summary>
    [Parameter(ParameterSetName = UdpSet)]
    [Parameter(ParameterSetName = TcpSet)]
    [Parameter(ParameterSetName = IcmpSet)]
    [Parameter(ParameterSetName = IPv4Set)]
    [Parameter(ParameterSetName = IPv6Set)]
    [Parameter(ParameterSetName = ArpSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = HexSet)]
    [Parameter(ParameterSetName = BytesSet)]
    [Parameter(ParameterSetName = TemplateSet)]
    public IPAddress? Destination { get; set; }

    /// <summary>The time to live or hop limit, 0 to 255; default 64.</summary>
    [Parameter]
    public int? TimeToLive { get; set; }

    /// <summary>The differentiated services code point, 0 to 63.</summary>
    [Parameter]
    public int? Dscp { get; set; }

    /// <summary>The IPv4 identification, 0 to 65535.</summary>
    [Parameter]
    public int? Id { get; set; }

    /// <summary>Sets the IPv4 don't-fragment bit; -DontFragment:$false clears it.</summary>
    [Parameter]
    public SwitchParameter DontFragment { get; set; }

    /// <summary>The protocol number of a bare IP packet; default 253.</summary>
    [Parameter]
    public int? IpProtocol { get; set; }

    /// <summary>The sender's UDP or TCP port; default 1000.</summary>
    [Parameter]
    public int? SourcePort { get; set; }

    /// <summary>The receiver's UDP or TCP port; default 2000.</summary>
    [Parameter]
    public int? DestinationPort { get; set; }

    /// <summary>The sequence number of TCP or of an ICMP echo; default 1.</summary>
    [Parameter]
    public uint? Sequence { get; set; }

    /// <summary>The TCP acknowledgment number.</summary>
    [Parameter]
    public uint? Acknowledgment { get; set; }

    /// <summary>The TCP control bits; default Syn.</summary>
    [Parameter]
    public TcpFlags TcpFlags { get; set; }

    /// <summary>The TCP window, 0 to 65535; default 64240.</summary>
    [Parameter]
    public int? Window { get; set; }

    /// <summary>The ICMP message by name; default EchoRequest.</summary>
    [Parameter]
    public IcmpMessage? IcmpMessage { get; set; }

    /// <summary>The ICMP type by number, instead of -IcmpMessage.</summary>
    [Parameter]
    public int? IcmpType { get; set; }

    /// <summary>The ICMP code, 0 to 255.</summary>
    [Parameter]
    public int? IcmpCode { get; set; }

    /// <summary>The ICMP echo identifier; default 1.</summary>
    [Parameter]
    public int? IcmpId { get; set; }

    /// <summary>The bytes after the innermost header: byte[], or text, sent as UTF-8.</summary>
    [Parameter(ParameterSetName = UdpSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = TcpSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = IcmpSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = IPv4Set, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = IPv6Set, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = EthernetSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = HexSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = BytesSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = TemplateSet)]
    [ByteArrayTransformation(AllowText = true)]
    [AllowEmptyCollection]
    public byte[]? Payload { get; set; }

    /// <summary>The exact length of the frame in bytes; the payload is filled up with zeros.</summary>
    [Parameter]
    public int? Length { get; set; }

    /// <summary>The least length of the frame in bytes; the payload is filled up with zeros.</summary>
    [Parameter]
    public int? MinimumLength { get; set; }

    /// <summary>Fills the frame up with zeros to Ethernet's 60 bytes, behind the end that the headers give.</summary>
    [Parameter]
    public SwitchParameter PadToMinimum { get; set; }

    private PacketSpec Spec(PacketProtocol? protocol) => new()
    {
        Protocol = protocol,
        SourceMac = SourceMac,
        DestinationMac = DestinationMac,
        VlanId = VlanId,
        VlanPriority = VlanPriority,
        EtherType = EtherType,
        ArpOperation = ArpOperation,
        Source = Source,
        TimeToLive = TimeToLive,
        Dscp = Dscp,
        Id = Id,
        DontFragment = IsGiven(nameof(DontFragment)) ? (bool)DontFragment : null,
        IpProtocol = IpProtocol,
        SourcePort = SourcePort,
        DestinationPort = DestinationPort,
        Sequence = Sequence,
        Acknowledgment = Acknowledgment,
        TcpFlags = IsGiven(nameof(TcpFlags)) ? TcpFlags : null,
        Window = Window,
        IcmpMessage = IcmpMessage,
        IcmpType = IcmpType,
        IcmpCode = IcmpCode,
        IcmpId = IcmpId,
        Length = Length,
        MinimumLength = MinimumLength,
        PadToMinimum = PadToMinimum,
        Destination = Destination,
        Payload = Payload is null ? (ReadOnlyMemory<byte>?)null : Payload.AsMemory(),
    };

    private bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);
}
