using System.Net;

namespace VhostUser.Packets;

/// <summary>
/// One Ethernet frame, immutable, with its decoded layers and the fields most asked for as flat properties; a field the
/// frame does not have is null. Decoding happens at the first question and never fails: see <see cref="MalformedLayer"/>.
/// </summary>
public class VhostPacket
{
    private IReadOnlyList<PacketLayer>? _layers;

    /// <summary>Takes the frame as it is; the caller must not change it any more.</summary>
    internal VhostPacket(ReadOnlyMemory<byte> frame) => Bytes = frame;

    /// <summary>The frame, from the destination MAC address on; without virtio-net header and frame check sequence.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The frame's length in bytes.</summary>
    public int Length => Bytes.Length;

    /// <summary>The innermost protocol decoded: "UDP", "TCP", "ICMP" (for ICMPv6 too), "ARP", "IPv4", "IPv6" or "Ethernet".</summary>
    public string Protocol => Find<TransportLayer>() switch
    {
        UdpLayer => "UDP",
        TcpLayer => "TCP",
        not null => "ICMP",
        null => Ip?.Name ?? Arp?.Name ?? "Ethernet",
    };

    /// <summary>The sender's MAC address.</summary>
    public MacAddress? SourceMac => Find<EthernetLayer>()?.Source;

    /// <summary>The receiver's MAC address.</summary>
    public MacAddress? DestinationMac => Find<EthernetLayer>()?.Destination;

    /// <summary>The VLAN of the outermost tag.</summary>
    public int? VlanId => Find<VlanLayer>()?.Id;

    /// <summary>What the frame carries, behind all VLAN tags; <see cref="Packets.EtherType.None"/> in a frame too short for one.</summary>
    public EtherType EtherType =>
        Layers.OfType<VlanLayer>().LastOrDefault()?.EtherType ?? Find<EthernetLayer>()?.EtherType ?? EtherType.None;

    /// <summary>The sender's IP address (ARP: the sender's IPv4 address), else its MAC address.</summary>
    public string? Source => (Ip?.Source ?? Arp?.SenderIp)?.ToString() ?? SourceMac?.ToString();

    /// <summary>The receiver's IP address (ARP: the target's IPv4 address), else its MAC address.</summary>
    public string? Destination => (Ip?.Destination ?? Arp?.TargetIp)?.ToString() ?? DestinationMac?.ToString();

    /// <summary>The sender's UDP or TCP port.</summary>
    public int? SourcePort => Find<UdpLayer>()?.SourcePort ?? Find<TcpLayer>()?.SourcePort;

    /// <summary>The receiver's UDP or TCP port.</summary>
    public int? DestinationPort => Find<UdpLayer>()?.DestinationPort ?? Find<TcpLayer>()?.DestinationPort;

    /// <summary>The packet in one line, such as "IPv4 10.0.0.1:1000 > 10.0.0.2:2000 UDP 5 bytes".</summary>
    public string Summary => PacketSummary.Describe(this);

    /// <summary>A copy of the bytes after the innermost header, without padding; empty when there are none.</summary>
    public byte[] Payload => Find<PayloadLayer>() is { } payload ? Bytes.Slice(payload.Offset, payload.Length).ToArray() : [];

    /// <summary>The payload as text: printable ASCII as it is, every other byte as a dot.</summary>
    public string PayloadText => HexText.Printable(Payload);

    /// <summary>
    /// False when a checksum is wrong; one that is absent, or that this frame does not suffice to judge, counts as right.
    /// </summary>
    public bool ChecksumsValid => !Layers.Any(
        layer => layer is Ipv4Layer { ChecksumValid: false } or TransportLayer { ChecksumValid: false });

    /// <summary>The layers from the outside in; they lie end to end and cover the frame.</summary>
    public IReadOnlyList<PacketLayer> Layers => _layers ??= FrameDecoder.Decode(Bytes, PendingChecksum);

    /// <summary>The first 10 bytes of a virtio-net header that leaves something to the receiver; empty when nothing is left.</summary>
    internal virtual ReadOnlySpan<byte> Request => default;

    /// <summary>The place of a checksum the sender left to the receiver, or -1.</summary>
    private protected virtual int PendingChecksum => -1;

    private IpLayer? Ip => Find<IpLayer>();

    private ArpLayer? Arp => Find<ArpLayer>();

    /// <summary>A packet with a copy of these bytes.</summary>
    public static VhostPacket FromBytes(ReadOnlySpan<byte> frame) => new(frame.ToArray());

    /// <summary>A packet with a copy of these bytes.</summary>
    public static VhostPacket FromBytes(byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return new((byte[])frame.Clone());
    }

    /// <summary>
    /// A packet from hexadecimal text: pairs of digits, apart or together, with 0x or without, as one line or as the dump
    /// of xxd, tcpdump -xx, hexdump -C or Wireshark; throws <see cref="FormatException"/> naming line and column.
    /// </summary>
    public static VhostPacket FromHex(string text) => new(HexText.Parse(text));

    /// <summary>The reply "that address is at <paramref name="mac"/>" to this packet, or null when it is no ARP request to answer.</summary>
    /// <param name="mac">The MAC address to tell.</param>
    /// <param name="only">Answers for this IPv4 address only; null answers for every address.</param>
    public VhostPacket? ToArpReply(MacAddress mac, IPAddress? only = null)
    {
        byte[] reply = new byte[Length];
        return ArpResponder.TryBuildArpReply(Bytes.Span, mac, reply, out int length, only) ? new VhostPacket(reply.AsMemory(0, length)) : null;
    }

    /// <summary>The packet with its checksum left to the receiver; throws <see cref="ArgumentException"/> when it is not TCP or UDP over IP.</summary>
    public OffloadPacket LeaveChecksum() => OffloadPacket.Create(this, 0);

    /// <summary>The packet with checksum and cutting left to the receiver; throws <see cref="ArgumentException"/> when it is not TCP or UDP over IP.</summary>
    /// <param name="payloadBytes">Payload bytes of each segment (TCP) or datagram (UDP), 1 to 65535.</param>
    public OffloadPacket LeaveSegments(int payloadBytes) =>
        payloadBytes is >= 1 and <= ushort.MaxValue ? OffloadPacket.Create(this, payloadBytes) : throw PacketError.Argument("Segment size", "1 to 65535 bytes", payloadBytes);

    /// <summary>The frame as lower-case hexadecimal digits without anything between.</summary>
    public string ToHex() => Convert.ToHexStringLower(Bytes.Span);

    /// <summary>The frame in lines of 16 bytes: offset, digits, printable ASCII; <see cref="FromHex"/> reads it back.</summary>
    public string ToHexDump() => HexText.Dump(Bytes.Span);

    /// <summary>The <see cref="Summary"/>.</summary>
    public sealed override string ToString() => Summary;

    internal T? Find<T>() where T : PacketLayer
    {
        foreach (PacketLayer layer in Layers)
            if (layer is T found)
                return found;
        return null;
    }
}
