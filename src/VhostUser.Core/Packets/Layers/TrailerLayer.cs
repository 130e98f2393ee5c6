namespace VhostUser.Packets;

/// <summary>Bytes after the end the headers give, such as the padding of a short Ethernet frame.</summary>
/// <param name="Offset">Where they begin, in bytes from the start of the frame.</param>
/// <param name="Length">Their number.</param>
public sealed record TrailerLayer(int Offset, int Length) : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "Trailer";
}
