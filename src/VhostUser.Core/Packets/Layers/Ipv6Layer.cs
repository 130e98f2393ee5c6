using System.Net;

namespace VhostUser.Packets;

/// <summary>An IPv6 header (RFC 8200 §3): 40 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">40 bytes.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="Destination">The receiver's address.</param>
/// <param name="Protocol">The next header: the number of an extension header or of the upper protocol.</param>
/// <param name="TimeToLive">The hop limit.</param>
/// <param name="Dscp">The differentiated services code point, 0 to 63.</param>
/// <param name="Ecn">The explicit congestion notification bits, 0 to 3.</param>
/// <param name="FlowLabel">The flow label, 20 bits.</param>
/// <param name="PayloadLength">The length of what follows in bytes, extension headers included, as the header has it.</param>
public sealed record Ipv6Layer(
    int Offset, int Length, IPAddress Source, IPAddress Destination, byte Protocol, int TimeToLive, int Dscp, int Ecn,
    int FlowLabel, int PayloadLength)
    : IpLayer(Offset, Length, Source, Destination, Protocol, TimeToLive, Dscp, Ecn)
{
    internal const int Size = 40;

    /// <inheritdoc/>
    public override string Name => "IPv6";

    internal override int AddressOffset => Offset + 8;

    internal override int AddressLength => 16;
}
