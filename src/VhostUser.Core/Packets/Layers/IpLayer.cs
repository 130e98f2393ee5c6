using System.Net;

namespace VhostUser.Packets;

/// <summary>What IPv4 and IPv6 headers have in common.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes, IPv4 options included, IPv6 extension headers not.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="Destination">The receiver's address.</param>
/// <param name="Protocol">The protocol number of what follows (IPv6: the next header).</param>
/// <param name="TimeToLive">The routers the packet may still pass (IPv6: the hop limit).</param>
/// <param name="Dscp">The differentiated services code point, 0 to 63.</param>
/// <param name="Ecn">The explicit congestion notification bits, 0 to 3.</param>
public abstract record IpLayer(
    int Offset, int Length, IPAddress Source, IPAddress Destination, byte Protocol, int TimeToLive, int Dscp, int Ecn)
    : PacketLayer(Offset, Length)
{
    /// <summary>The offset of the source address in the frame; the destination address follows it.</summary>
    internal abstract int AddressOffset { get; }

    /// <summary>The length of one address in bytes.</summary>
    internal abstract int AddressLength { get; }
}
