using System.Net;

namespace VhostUser.Packets;

/// <summary>An IPv4 header (RFC 791): 20 to 60 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes, options included.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="Destination">The receiver's address.</param>
/// <param name="Protocol">The protocol number of what follows.</param>
/// <param name="TimeToLive">The routers the packet may still pass.</param>
/// <param name="Dscp">The differentiated services code point, 0 to 63.</param>
/// <param name="Ecn">The explicit congestion notification bits, 0 to 3.</param>
/// <param name="TotalLength">The length of header and data in bytes, as the header has it.</param>
/// <param name="Id">The identification its fragments share.</param>
/// <param name="DontFragment">True when routers must not split the packet.</param>
/// <param name="MoreFragments">True when this is a fragment and not the last.</param>
/// <param name="FragmentOffset">Where this fragment's data belongs in the whole, in bytes.</param>
/// <param name="Checksum">The header checksum as found.</param>
/// <param name="ChecksumValid">True when the header checksum is right.</param>
public sealed record Ipv4Layer(
    int Offset, int Length, IPAddress Source, IPAddress Destination, byte Protocol, int TimeToLive, int Dscp, int Ecn,
    int TotalLength, int Id, bool DontFragment, bool MoreFragments, int FragmentOffset, int Checksum, bool ChecksumValid)
    : IpLayer(Offset, Length, Source, Destination, Protocol, TimeToLive, Dscp, Ecn)
{
    internal const int MinimumSize = 20;

    /// <inheritdoc/>
    public override string Name => "IPv4";

    internal override int AddressOffset => Offset + 12;

    internal override int AddressLength => 4;
}
