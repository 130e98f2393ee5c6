using VhostUser.Packets;

namespace VhostUser.Devices.Net;

/// <summary>The packet that a source repeats: UDP from 10.0.0.1:1000 to 10.0.0.2:2000.</summary>
internal static class SourceFrame
{
    private const int UdpChecksumOffset = 40;

    /// <summary>A frame of exactly this many bytes. Its UDP checksum is 0, "none" (RFC 768), because its payload counts.</summary>
    public static byte[] Create(int length)
    {
        byte[] frame = PacketBuilder.Build(new PacketSpec { Length = length }).Bytes.ToArray();
        frame.AsSpan(UdpChecksumOffset, 2).Clear();
        return frame;
    }
}
