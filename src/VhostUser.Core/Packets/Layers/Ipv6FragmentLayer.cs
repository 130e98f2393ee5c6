namespace VhostUser.Packets;

/// <summary>An IPv6 fragment header (RFC 8200 §4.5): 8 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">8 bytes.</param>
/// <param name="NextHeader">The number of what the whole packet carries.</param>
/// <param name="FragmentOffset">Where this fragment's data belongs in the whole, in bytes.</param>
/// <param name="MoreFragments">True when this is not the last fragment.</param>
/// <param name="Id">The identification its fragments share.</param>
public sealed record Ipv6FragmentLayer(int Offset, int Length, byte NextHeader, int FragmentOffset, bool MoreFragments, uint Id)
    : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "IPv6 fragment";
}
