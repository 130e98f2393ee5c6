namespace VhostUser.Packets;

/// <summary>The ICMP and ICMPv6 type numbers with their names (IANA "ICMP Type Numbers").</summary>
internal static class IcmpTypes
{
    internal const int EchoRequest = 8;
    internal const int EchoReply = 0;
    internal const int EchoRequestV6 = 128;
    internal const int EchoReplyV6 = 129;
    internal const int NeighbourSolicitation = 135;
    internal const int NeighbourAdvertisement = 136;

    internal static bool IsEcho(int version, int type) => version == 4
        ? type is EchoRequest or EchoReply
        : type is EchoRequestV6 or EchoReplyV6;

    internal static int Number(IcmpMessage message, int version) => (message, version) switch
    {
        (IcmpMessage.EchoRequest, 4) => EchoRequest,
        (IcmpMessage.EchoReply, 4) => EchoReply,
        (IcmpMessage.DestinationUnreachable, 4) => 3,
        (IcmpMessage.TimeExceeded, 4) => 11,
        (IcmpMessage.EchoRequest, _) => EchoRequestV6,
        (IcmpMessage.EchoReply, _) => EchoReplyV6,
        (IcmpMessage.DestinationUnreachable, _) => 1,
        (IcmpMessage.TimeExceeded, _) => 3,
        _ => throw PacketError.Argument(nameof(PacketSpec.IcmpMessage), "a named message", message),
    };

    internal static string Describe(int version, int type) => (version, type) switch
    {
        (4, EchoReply) or (6, EchoReplyV6) => "echo reply",
        (4, EchoRequest) or (6, EchoRequestV6) => "echo request",
        (4, 3) or (6, 1) => "destination unreachable",
        (4, 5) or (6, 137) => "redirect",
        (4, 11) or (6, 3) => "time exceeded",
        (4, 12) or (6, 4) => "parameter problem",
        (4, 13) => "timestamp request",
        (4, 14) => "timestamp reply",
        (6, 2) => "packet too big",
        (6, 130) => "multicast listener query",
        (6, 131) => "multicast listener report",
        (6, 132) => "multicast listener done",
        (6, 143) => "multicast listener report v2",
        (4, 9) or (6, 134) => "router advertisement",
        (4, 10) or (6, 133) => "router solicitation",
        (6, NeighbourSolicitation) => "neighbour solicitation",
        (6, NeighbourAdvertisement) => "neighbour advertisement",
        _ => $"type {type}",
    };
}
