using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Packets;

namespace VhostUser.Commands;

/// <summary>New-VhostPacket: builds packets with right lengths and checksums, from fields, bytes, hex text or another packet.</summary>
[Cmdlet(VerbsCommon.New, "VhostPacket", DefaultParameterSetName = UdpSet)]
[OutputType(typeof(VhostPacket))]
public sealed partial class NewVhostPacketCommand : VhostCmdlet
{
    // The first seven are names of PacketProtocol.
    private const string UdpSet = nameof(PacketProtocol.Udp);
    private const string TcpSet = nameof(PacketProtocol.Tcp);
    private const string IcmpSet = nameof(PacketProtocol.Icmp);
    private const string ArpSet = nameof(PacketProtocol.Arp);
    private const string IPv4Set = nameof(PacketProtocol.IPv4);
    private const string IPv6Set = nameof(PacketProtocol.IPv6);
    private const string EthernetSet = nameof(PacketProtocol.Ethernet);
    private const string HexSet = "Hex";
    private const string BytesSet = "Bytes";
    private const string TemplateSet = "Template";

    /// <summary>A UDP datagram over IPv4 or IPv6, as the addresses say; the default.</summary>
    [Parameter(ParameterSetName = UdpSet)]
    public SwitchParameter Udp { get; set; }

    /// <summary>A TCP segment.</summary>
    [Parameter(ParameterSetName = TcpSet, Mandatory = true)]
    public SwitchParameter Tcp { get; set; }

    /// <summary>An ICMP or ICMPv6 message.</summary>
    [Parameter(ParameterSetName = IcmpSet, Mandatory = true)]
    public SwitchParameter Icmp { get; set; }

    /// <summary>An ARP request or reply.</summary>
    [Parameter(ParameterSetName = ArpSet, Mandatory = true)]
    public SwitchParameter Arp { get; set; }

    /// <summary>A bare IPv4 packet.</summary>
    [Parameter(ParameterSetName = IPv4Set, Mandatory = true)]
    public SwitchParameter IPv4 { get; set; }

    /// <summary>A bare IPv6 packet.</summary>
    [Parameter(ParameterSetName = IPv6Set, Mandatory = true)]
    public SwitchParameter IPv6 { get; set; }

    /// <summary>A bare Ethernet frame.</summary>
    [Parameter(ParameterSetName = EthernetSet, Mandatory = true)]
    public SwitchParameter Ethernet { get; set; }

    /// <summary>The whole frame as hexadecimal text: digits, or the dump of xxd, tcpdump -xx, hexdump -C or Wireshark.</summary>
    [Parameter(ParameterSetName = HexSet, Mandatory = true)]
    public string[] Hex { get; set; } = [];

    /// <summary>The whole frame as bytes.</summary>
    [Parameter(ParameterSetName = BytesSet, Mandatory = true)]
    [ByteArrayTransformation]
    public byte[] Bytes { get; set; } = [];

    /// <summary>A packet to start from.</summary>
    [Parameter(ParameterSetName = TemplateSet, Mandatory = true, ValueFromPipeline = true)]
    public VhostPacket? Template { get; set; }

    /// <summary>The number of packets; default 1.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Count { get; set; } = 1;

    /// <summary>The field to count in from packet to packet.</summary>
    [Parameter]
    public PacketField? Counter { get; set; }

    /// <summary>The counter's place in bytes, for PayloadOffset and FrameOffset.</summary>
    [Parameter]
    public int CounterOffset { get; set; }

    /// <summary>The counter's width for the same two: 1, 2, 4 or 8 bytes.</summary>
    [Parameter]
    public int CounterWidth { get; set; } = 4;

    /// <summary>The first packet's value; default what the field holds.</summary>
    [Parameter]
    public ulong? CounterStart { get; set; }

    /// <summary>What is added from packet to packet; default 1.</summary>
    [Parameter]
    public long CounterStep { get; set; } = 1;

    /// <summary>Leaves the checksums of the first packet as they are while the counter changes.</summary>
    [Parameter]
    public SwitchParameter KeepChecksum { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostPacket packet in Packets().Expand()) WriteObject(packet);
    }, Template);

    private PacketTemplate Packets()
    {
        VhostPacket? given = ParameterSetName switch
        {
            HexSet => VhostPacket.FromHex(string.Join('\n', Hex)),
            BytesSet => VhostPacket.FromBytes(Bytes),
            TemplateSet => Template,
            _ => null,
        };
        return new PacketTemplate
        {
            Base = given,
            Spec = Changes(given),
            Count = Count,
            Counter = Counter,
            CounterOffset = CounterOffset,
            CounterWidth = CounterWidth,
            Start = CounterStart,
            Step = CounterStep,
            UpdateChecksums = !KeepChecksum,
        };
    }

    // A frame given as it is keeps even its wrong checksums, unless a field is to be changed.
    private PacketSpec? Changes(VhostPacket? given)
    {
        PacketSpec spec = Spec(given is null ? Enum.Parse<PacketProtocol>(ParameterSetName) : null);
        return given is not null && spec == new PacketSpec() ? null : spec;
    }
}
