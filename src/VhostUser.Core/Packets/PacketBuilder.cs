using System.Net;
using System.Net.Sockets;

namespace VhostUser.Packets;

/// <summary>Builds a packet from a spec: a packet of defaults without payload, to which the spec's wishes are applied.</summary>
public static class PacketBuilder
{
    private static readonly MacAddress DefaultSource = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress DefaultDestination = MacAddress.Parse("02:00:00:00:00:02");

    /// <summary>
    /// The packet, with right lengths and checksums; throws <see cref="ArgumentException"/> naming a field that does not
    /// fit.
    /// </summary>
    public static VhostPacket Build(PacketSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        PacketProtocol protocol = spec.Protocol ?? PacketProtocol.Udp;
        int version = IpVersion(spec, protocol);
        return PacketEditor.Apply(new VhostPacket(Headers(spec, protocol, version)), spec, keepAbsentChecksum: false);
    }

    private static int IpVersion(PacketSpec spec, PacketProtocol protocol)
    {
        if (spec.Source is { } source && spec.Destination is { } destination && source.AddressFamily != destination.AddressFamily)
            throw PacketError.Argument(nameof(spec.Destination), $"an {Name(source)} address as Source, {source}, is", destination);
        return protocol switch
        {
            PacketProtocol.IPv4 or PacketProtocol.Arp => 4,
            PacketProtocol.IPv6 => 6,
            _ => (spec.Source ?? spec.Destination)?.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4,
        };
    }

    private static string Name(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static byte[] Headers(PacketSpec spec, PacketProtocol protocol, int version)
    {
        byte[] body = protocol switch
        {
            PacketProtocol.Ethernet => [],
            PacketProtocol.Arp => PacketDefaults.Arp(DefaultSource, DefaultDestination, spec.ArpOperation),
            PacketProtocol.IPv4 or PacketProtocol.IPv6 => PacketDefaults.Ip(version, IpProtocol.Experimental, []),
            PacketProtocol.Udp => PacketDefaults.Ip(version, IpProtocol.Udp, PacketDefaults.Udp()),
            PacketProtocol.Tcp => PacketDefaults.Ip(version, IpProtocol.Tcp, PacketDefaults.Tcp()),
            PacketProtocol.Icmp => PacketDefaults.Ip(
                version, version == 4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, IcmpHeader(spec, version)),
            _ => throw PacketError.Argument(nameof(spec.Protocol), "a named protocol", protocol),
        };
        EtherType type = protocol switch
        {
            PacketProtocol.Ethernet => EtherType.LocalExperimental,
            PacketProtocol.Arp => EtherType.Arp,
            _ => version == 4 ? EtherType.IPv4 : EtherType.IPv6,
        };
        return PacketDefaults.Ethernet(DestinationMac(spec, protocol), DefaultSource, type, body);
    }

    private static byte[] IcmpHeader(PacketSpec spec, int version)
    {
        int type = spec.IcmpType ?? IcmpTypes.Number(spec.IcmpMessage ?? IcmpMessage.EchoRequest, version);
        return PacketDefaults.IcmpEcho(version, IcmpTypes.IsEcho(version, type) ? (byte)1 : (byte)0);
    }

    private static MacAddress DestinationMac(PacketSpec spec, PacketProtocol protocol) => protocol switch
    {
        PacketProtocol.Arp => spec.ArpOperation is null or ArpOperation.Request ? MacAddress.Broadcast : DefaultDestination,
        PacketProtocol.Ethernet => DefaultDestination,
        _ => (spec.Destination is { } ip ? MacAddress.ForGroup(ip) : null) ?? DefaultDestination,
    };
}
