using System.Net;

namespace VhostUser.Packets;

/// <summary>An ARP packet for IPv4 over Ethernet (RFC 826): 28 bytes.</summary>
/// <param name="Offset">Where the packet begins, in bytes from the start of the frame.</param>
/// <param name="Length">28 bytes.</param>
/// <param name="Operation">Request, reply, or another number.</param>
/// <param name="SenderMac">The sender's MAC address.</param>
/// <param name="SenderIp">The sender's IPv4 address.</param>
/// <param name="TargetMac">The target's MAC address; zero in a request.</param>
/// <param name="TargetIp">The target's IPv4 address.</param>
public sealed record ArpLayer(
    int Offset, int Length, ArpOperation Operation, MacAddress SenderMac, IPAddress SenderIp, MacAddress TargetMac, IPAddress TargetIp)
    : PacketLayer(Offset, Length)
{
    internal const int Size = 28;

    /// <inheritdoc/>
    public override string Name => "ARP";
}
