namespace VhostUser.Packets;

/// <summary>A TCP header (RFC 9293 §3.1): 20 to 60 bytes.</summary>
/// <param name="Offset">Where the header begins, in bytes from the start of the frame.</param>
/// <param name="Length">The header's length in bytes, options included.</param>
/// <param name="SourcePort">The sender's port.</param>
/// <param name="DestinationPort">The receiver's port.</param>
/// <param name="Sequence">The number of the first data byte.</param>
/// <param name="Acknowledgment">The number of the next byte expected.</param>
/// <param name="Flags">The control bits.</param>
/// <param name="Window">The bytes the sender will accept, before scaling.</param>
/// <param name="Options">The options as one line of text, such as "mss 1460, sackOK, nop, wscale 7"; empty when there are none.</param>
/// <param name="Checksum">The checksum as found.</param>
/// <param name="ChecksumValid">Whether it is right; null when it is left to the receiver or covers bytes that are not here.</param>
public sealed record TcpLayer(
    int Offset, int Length, int SourcePort, int DestinationPort, uint Sequence, uint Acknowledgment, TcpFlags Flags, int Window,
    string Options, int Checksum, bool? ChecksumValid)
    : TransportLayer(Offset, Length, Checksum, ChecksumValid)
{
    internal const int MinimumSize = 20;

    /// <inheritdoc/>
    public override string Name => "TCP";

    internal override int ChecksumOffset => 16;
}
