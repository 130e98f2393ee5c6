namespace VhostUser.Packets;

/// <summary>The IP protocol and IPv6 extension header numbers the decoder follows (IANA "Protocol Numbers").</summary>
internal static class IpProtocol
{
    internal const byte HopByHop = 0;
    internal const byte Icmp = 1;
    internal const byte Tcp = 6;
    internal const byte Udp = 17;
    internal const byte Routing = 43;
    internal const byte Fragment = 44;
    internal const byte Authentication = 51;
    internal const byte IcmpV6 = 58;
    internal const byte NoNextHeader = 59;
    internal const byte DestinationOptions = 60;
    internal const byte Mobility = 135;
    internal const byte HostIdentity = 139;
    internal const byte Shim6 = 140;

    /// <summary>For experiments (RFC 3692); what a built packet without an upper protocol has unless told otherwise.</summary>
    internal const byte Experimental = 253;
}
