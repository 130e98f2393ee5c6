namespace VhostUser.Packets;

/// <summary>An Ethernet header: 14 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">14 bytes.</param>
/// <param name="Destination">The station or group the frame is for.</param>
/// <param name="Source">The station that sent the frame.</param>
/// <param name="EtherType">What follows; up to 1500 it is the length of an IEEE 802.3 frame's data.</param>
public sealed record EthernetLayer(int Offset, int Length, MacAddress Destination, MacAddress Source, EtherType EtherType)
    : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "Ethernet";
}
