namespace VhostUser.Packets;

/// <summary>An IPv6 extension header other than the fragment header (RFC 8200 §4).</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes.</param>
/// <param name="Header">
/// Its own number: 0 hop-by-hop options, 43 routing, 51 authentication, 60 destination options, 135, 139 or 140.
/// </param>
/// <param name="NextHeader">The number of what follows.</param>
/// <param name="SegmentsLeft">Routing header: the stops still ahead; 0 for the others.</param>
public sealed record Ipv6ExtensionLayer(int Offset, int Length, byte Header, byte NextHeader, int SegmentsLeft)
    : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "IPv6 extension";
}
