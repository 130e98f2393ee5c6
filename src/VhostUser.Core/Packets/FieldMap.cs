namespace VhostUser.Packets;

/// <summary>Finds the places of a field in a decoded packet: none when it lacks the field, two when the packet repeats it.</summary>
internal static class FieldMap
{
    private const int ArpOperationOffset = 6, ArpSenderMac = 8, ArpSenderIp = 14, ArpTargetMac = 18, ArpTargetIp = 24;

    internal static FieldSlot[] Find(VhostPacket packet, PacketField field) => field switch
    {
        PacketField.SourceMac or PacketField.DestinationMac => packet.Find<EthernetLayer>() is null ? [] : Mac(packet, field),
        PacketField.EtherType => EtherType(packet),
        PacketField.VlanId => packet.Find<VlanLayer>() is { } vlan ? [new(vlan.Offset, 2, 0, 12)] : [],
        PacketField.VlanPriority => packet.Find<VlanLayer>() is { } vlan ? [new(vlan.Offset, 2, 13, 3)] : [],
        PacketField.ArpOperation => packet.Find<ArpLayer>() is { } arp ? [new(arp.Offset + ArpOperationOffset, 2)] : [],
        PacketField.Source or PacketField.Destination => Address(packet, field),
        PacketField.TimeToLive or PacketField.Dscp or PacketField.Id or PacketField.DontFragment or PacketField.IpProtocol =>
            Ip(packet, field),
        _ => packet.Find<TransportLayer>() switch
        {
            UdpLayer udp => Udp(udp, field),
            TcpLayer tcp => Tcp(tcp, field),
            IcmpLayer icmp => Icmp(icmp, field),
            _ => [],
        },
    };

    /// <summary>True for the fields an upper layer's checksum covers.</summary>
    internal static bool IsCoveredByTransport(PacketField field) =>
        field is PacketField.Source or PacketField.Destination or >= PacketField.SourcePort and <= PacketField.PayloadOffset;

    private static FieldSlot[] Mac(VhostPacket packet, PacketField field)
    {
        ArpLayer? arp = packet.Find<ArpLayer>();
        if (field == PacketField.SourceMac)
            return arp is null ? [new(6, 6)] : [new(6, 6), new(arp.Offset + ArpSenderMac, 6)];
        return arp?.Operation == ArpOperation.Reply ? [new(0, 6), new(arp.Offset + ArpTargetMac, 6)] : [new(0, 6)];
    }

    private static FieldSlot[] EtherType(VhostPacket packet) => packet.Layers switch
    {
        _ when packet.Find<ArpLayer>() is not null || packet.Find<IpLayer>() is not null => [],
        _ when packet.Layers.OfType<VlanLayer>().LastOrDefault() is { } vlan => [new(vlan.Offset + 2, 2)],
        _ => packet.Find<EthernetLayer>() is null ? [] : [new(12, 2)],
    };

    private static FieldSlot[] Address(VhostPacket packet, PacketField field)
    {
        bool source = field == PacketField.Source;
        if (packet.Find<IpLayer>() is { } ip)
            return [new(ip.AddressOffset + (source ? 0 : ip.AddressLength), ip.AddressLength)];
        return packet.Find<ArpLayer>() is { } arp ? [new(arp.Offset + (source ? ArpSenderIp : ArpTargetIp), 4)] : [];
    }

    private static FieldSlot[] Ip(VhostPacket packet, PacketField field)
    {
        bool raw = packet.Find<TransportLayer>() is null && packet.Find<Ipv6ExtensionLayer>() is null;
        return (packet.Find<IpLayer>(), field) switch
        {
            (Ipv4Layer ip, PacketField.TimeToLive) => [new(ip.Offset + 8, 1)],
            (Ipv4Layer ip, PacketField.Dscp) => [new(ip.Offset + 1, 1, 2, 6)],
            (Ipv4Layer ip, PacketField.Id) => [new(ip.Offset + 4, 2)],
            (Ipv4Layer ip, PacketField.DontFragment) => [new(ip.Offset + 6, 1, 6, 1)],
            (Ipv4Layer ip, PacketField.IpProtocol) when raw => [new(ip.Offset + 9, 1)],
            (Ipv6Layer ip, PacketField.TimeToLive) => [new(ip.Offset + 7, 1)],
            (Ipv6Layer ip, PacketField.Dscp) => [new(ip.Offset, 2, 6, 6)],
            (Ipv6Layer ip, PacketField.IpProtocol) when raw => [new(ip.Offset + 6, 1)],
            _ => [],
        };
    }

    private static FieldSlot[] Udp(UdpLayer udp, PacketField field) => field switch
    {
        PacketField.SourcePort => [new(udp.Offset, 2)],
        PacketField.DestinationPort => [new(udp.Offset + 2, 2)],
        _ => [],
    };

    private static FieldSlot[] Tcp(TcpLayer tcp, PacketField field) => field switch
    {
        PacketField.SourcePort => [new(tcp.Offset, 2)],
        PacketField.DestinationPort => [new(tcp.Offset + 2, 2)],
        PacketField.Sequence => [new(tcp.Offset + 4, 4)],
        PacketField.Acknowledgment => [new(tcp.Offset + 8, 4)],
        PacketField.TcpFlags => [new(tcp.Offset + 13, 1)],
        PacketField.Window => [new(tcp.Offset + 14, 2)],
        _ => [],
    };

    private static FieldSlot[] Icmp(IcmpLayer icmp, PacketField field) => field switch
    {
        PacketField.IcmpType => [new(icmp.Offset, 1)],
        PacketField.IcmpCode => [new(icmp.Offset + 1, 1)],
        PacketField.IcmpId when icmp.Id is not null => [new(icmp.Offset + 4, 2)],
        PacketField.Sequence when icmp.Sequence is not null => [new(icmp.Offset + 6, 2)],
        _ => [],
    };
}
