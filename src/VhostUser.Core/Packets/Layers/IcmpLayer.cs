using System.Net;

namespace VhostUser.Packets;

/// <summary>An ICMP (RFC 792) or ICMPv6 (RFC 4443) header: 8 bytes, or 24 for a neighbour solicitation or advertisement.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes.</param>
/// <param name="Version">4 for ICMP, 6 for ICMPv6.</param>
/// <param name="Type">The message's type number.</param>
/// <param name="Code">The message's code number.</param>
/// <param name="Message">The type in words, such as "echo request", or "type 99".</param>
/// <param name="Id">Echo: the identifier; null for other types.</param>
/// <param name="Sequence">Echo: the sequence number; null for other types.</param>
/// <param name="Target">Neighbour solicitation and advertisement (RFC 4861): the address asked for; null for other types.</param>
/// <param name="Checksum">The checksum as found.</param>
/// <param name="ChecksumValid">Whether it is right; null when it is left to the receiver or covers bytes that are not here.</param>
public sealed record IcmpLayer(
    int Offset, int Length, int Version, int Type, int Code, string Message, int? Id, int? Sequence, IPAddress? Target,
    int Checksum, bool? ChecksumValid)
    : TransportLayer(Offset, Length, Checksum, ChecksumValid)
{
    internal const int Size = 8;

    /// <inheritdoc/>
    public override string Name => Version == 4 ? "ICMP" : "ICMPv6";

    internal override int ChecksumOffset => 2;
}
