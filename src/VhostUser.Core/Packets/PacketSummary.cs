using System.Net;
using System.Net.Sockets;

namespace VhostUser.Packets;

/// <summary>Writes a packet as one line, in the manner of tcpdump.</summary>
internal static class PacketSummary
{
    internal static string Describe(VhostPacket packet)
    {
        var parts = new List<string>();
        foreach (VlanLayer vlan in packet.Layers.OfType<VlanLayer>())
            parts.Add($"VLAN {vlan.Id}");
        if (packet.Find<ArpLayer>() is { } arp)
            parts.Add(Describe(arp));
        else if (packet.Find<IpLayer>() is { } ip)
            parts.Add(Describe(packet, ip));
        else if (packet.Find<EthernetLayer>() is { } ethernet)
            parts.Add($"Ethernet {ethernet.Source} > {ethernet.Destination} "
                + $"type 0x{(int)packet.EtherType:x4} {PayloadLength(packet)} bytes");
        else
            parts.Add($"Ethernet {packet.Length} bytes");

        foreach (PacketLayer layer in packet.Layers)
            if (layer is Ipv4Layer { ChecksumValid: false } or TransportLayer { ChecksumValid: false })
                parts.Add($"[bad {layer.Name} checksum]");
        if (packet.Find<MalformedLayer>() is { } malformed)
            parts.Add($"[malformed: {malformed.Reason}]");
        return string.Join(' ', parts);
    }

    private static string Describe(ArpLayer arp) => arp.Operation switch
    {
        ArpOperation.Request => $"ARP who has {arp.TargetIp} tell {arp.SenderIp}",
        ArpOperation.Reply => $"ARP {arp.SenderIp} is at {arp.SenderMac}",
        _ => $"ARP operation {(int)arp.Operation} {arp.SenderIp} > {arp.TargetIp}",
    };

    private static string Describe(VhostPacket packet, IpLayer ip)
    {
        string ends = $"{Endpoint(ip.Source, packet.SourcePort)} > {Endpoint(ip.Destination, packet.DestinationPort)}";
        string size = $"{PayloadLength(packet)} bytes";
        return $"{ip.Name} {ends} " + packet.Find<TransportLayer>() switch
        {
            UdpLayer => $"UDP {size}",
            TcpLayer tcp => $"TCP [{tcp.Flags}] seq {tcp.Sequence} ack {tcp.Acknowledgment} win {tcp.Window} {size}",
            IcmpLayer { Target: not null } icmp => $"{icmp.Name} {icmp.Message} for {icmp.Target}",
            IcmpLayer { Id: not null } icmp => $"{icmp.Name} {icmp.Message} id {icmp.Id} seq {icmp.Sequence} {size}",
            IcmpLayer icmp => $"{icmp.Name} {icmp.Message} code {icmp.Code} {size}",
            _ => Rest(packet, ip, size),
        };
    }

    private static string Rest(VhostPacket packet, IpLayer ip, string size)
    {
        int protocol = ip.Protocol;
        int fragmentOffset = (ip as Ipv4Layer)?.FragmentOffset ?? 0;
        foreach (PacketLayer layer in packet.Layers)
        {
            if (layer is Ipv6ExtensionLayer extension)
                protocol = extension.NextHeader;
            if (layer is Ipv6FragmentLayer fragment)
                (protocol, fragmentOffset) = (fragment.NextHeader, fragment.FragmentOffset);
        }
        return fragmentOffset > 0 ? $"protocol {protocol} fragment at {fragmentOffset} {size}" : $"protocol {protocol} {size}";
    }

    private static string Endpoint(IPAddress address, int? port) => (port, address.AddressFamily) switch
    {
        (null, _) => address.ToString(),
        (_, AddressFamily.InterNetworkV6) => $"[{address}]:{port}",
        _ => $"{address}:{port}",
    };

    private static int PayloadLength(VhostPacket packet) => packet.Find<PayloadLayer>()?.Length ?? 0;
}
