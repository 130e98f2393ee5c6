namespace VhostUser.Packets;

/// <summary>A UDP header (RFC 768): 8 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">8 bytes.</param>
/// <param name="SourcePort">The sender's port.</param>
/// <param name="DestinationPort">The receiver's port.</param>
/// <param name="DatagramLength">The length of header and data in bytes, as the header has it.</param>
/// <param name="Checksum">The checksum as found; 0 in IPv4 says there is none.</param>
/// <param name="ChecksumValid">
/// Whether it is right; null when it is absent, left to the receiver, or covers bytes that are not here.
/// </param>
public sealed record UdpLayer(
    int Offset, int Length, int SourcePort, int DestinationPort, int DatagramLength, int Checksum, bool? ChecksumValid)
    : TransportLayer(Offset, Length, Checksum, ChecksumValid)
{
    internal const int Size = 8;

    /// <inheritdoc/>
    public override string Name => "UDP";

    internal override int ChecksumOffset => 6;
}
