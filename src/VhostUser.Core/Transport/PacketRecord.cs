using System.Runtime.InteropServices;

namespace VhostUser.Transport;

/// <summary>
/// What stands in front of each packet in a data frame: 8 bytes, then with <see cref="HasHeader"/> 16 bytes with the virtio-net
/// header's first ten, then the packet, padded to 8. Most packets leave nothing to their receiver, and need no header.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct PacketRecord
{
    public const int Size = 8;
    public const int HeaderRoom = 16;
    public const int Alignment = 8;
    public const uint HasHeader = 1;

    /// <summary>Bytes of the packet.</summary>
    public uint Length;
    /// <summary>0 or <see cref="HasHeader"/>.</summary>
    public uint Flags;

    /// <summary>Bytes that a packet takes up in a frame.</summary>
    public static uint Footprint(uint length, bool hasHeader) =>
        Size + (hasHeader ? HeaderRoom : 0u) + ((length + Alignment - 1) & ~(Alignment - 1u));
}
