namespace VhostUser.Packets;

/// <summary>What UDP, TCP and ICMP headers have in common.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes, options included.</param>
/// <param name="Checksum">The checksum as found.</param>
/// <param name="ChecksumValid">
/// Whether it is right; null when it is absent, left to the receiver, or covers bytes that are not here.
/// </param>
public abstract record TransportLayer(int Offset, int Length, int Checksum, bool? ChecksumValid) : PacketLayer(Offset, Length)
{
    /// <summary>The place of the checksum in bytes from the start of the header.</summary>
    internal abstract int ChecksumOffset { get; }
}
