namespace VhostUser.Packets;

/// <summary>A VLAN tag (IEEE 802.1Q or 802.1ad): 4 bytes, the tag control information and the type of what follows.</summary>
/// <param name="Offset">Where the tag control information begins, in bytes from the start of the frame.</param>
/// <param name="Length">4 bytes.</param>
/// <param name="Tag">The type that announced the tag: <see cref="EtherType.Vlan"/> or <see cref="EtherType.ProviderVlan"/>.</param>
/// <param name="Id">The VLAN, 0 to 4095.</param>
/// <param name="Priority">The priority code point, 0 to 7.</param>
/// <param name="DropEligible">True when the frame may be dropped first under congestion.</param>
/// <param name="EtherType">What follows the tag.</param>
public sealed record VlanLayer(int Offset, int Length, EtherType Tag, int Id, int Priority, bool DropEligible, EtherType EtherType)
    : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "VLAN";
}
