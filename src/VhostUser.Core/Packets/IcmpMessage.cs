namespace VhostUser.Packets;

/// <summary>ICMP messages by name; the type number follows from the IP version.</summary>
public enum IcmpMessage
{
    /// <summary>A ping: type 8, in ICMPv6 128.</summary>
    EchoRequest,

    /// <summary>The answer to a ping: type 0, in ICMPv6 129.</summary>
    EchoReply,

    /// <summary>The packet in the payload could not be delivered: type 3, in ICMPv6 1.</summary>
    DestinationUnreachable,

    /// <summary>The packet in the payload ran out of hops: type 11, in ICMPv6 3.</summary>
    TimeExceeded,
}
