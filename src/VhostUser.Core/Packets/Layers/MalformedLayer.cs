namespace VhostUser.Packets;

/// <summary>The bytes at which decoding stopped because they cannot be what the header before them says.</summary>
/// <param name="Offset">Where they begin, in bytes from the start of the frame.</param>
/// <param name="Length">Their number, up to the end the headers give.</param>
/// <param name="Reason">The field, what was expected, what was found.</param>
public sealed record MalformedLayer(int Offset, int Length, string Reason) : PacketLayer(Offset, Length)
{
    /// <inheritdoc/>
    public override string Name => "Malformed";
}
