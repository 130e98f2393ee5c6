using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>The frame that tells switches where a guest is after a migration: a broadcast RARP request for its own address (RFC 903).</summary>
internal static class RarpFrame
{
    private const int Length = 60;
    private const ushort EtherTypeRarp = 0x8035;

    /// <summary>A frame of 60 bytes from the guest to everybody.</summary>
    public static byte[] Create(MacAddress guest)
    {
        byte[] frame = new byte[Length];
        MacAddress.Broadcast.CopyTo(frame);
        guest.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherTypeRarp);
        Span<byte> body = frame.AsSpan(14);
        BinaryPrimitives.WriteUInt16BigEndian(body, 1);                        // hardware: Ethernet
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)EtherType.IPv4);
        body[4] = MacAddress.Size;
        body[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(body[6..], 3);                   // request reverse
        guest.CopyTo(body[8..]);                                               // sender
        guest.CopyTo(body[18..]);                                              // target: itself
        return frame;
    }
}
