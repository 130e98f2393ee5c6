namespace VhostUser.Packets;

/// <summary>The bytes after the innermost header.</summary>
/// <param name="Offset">Where they begin, in bytes from the start of the frame.</param>
/// <param name="Length">Their number.</param>
public sealed record PayloadLayer(int Offset, int Length) : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "Payload";
}
