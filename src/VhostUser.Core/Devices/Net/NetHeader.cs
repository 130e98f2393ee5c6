using System.Runtime.InteropServices;
using VhostUser.Protocol;

namespace VhostUser.Devices.Net;

/// <summary>struct virtio_net_hdr (virtio 1.3 §5.1.6): 12 bytes, of which 10 are used without num_buffers, and 20 with a hash report.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NetHeader
{
    public const byte NeedsCsum = 1;
    public const byte DataValid = 2;
    public const int LegacyLength = 10;
    public const int Length = 12;
    public const int HashLength = 20;

    public byte Flags;
    public byte GsoType;
    public ushort HeaderLength;
    public ushort GsoSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;
    public ushort BufferCount;

    /// <summary>
    /// The header's length, chosen here and nowhere else: 20 with HASH_REPORT; 12 with VERSION_1, MRG_RXBUF or packed rings;
    /// else 10 (virtio 1.3 §5.1.6.1, and what DPDK does for packed rings).
    /// </summary>
    public static int LengthFor(VirtioFeatures features)
    {
        if ((features & VirtioFeatures.HashReport) != 0) return HashLength;
        return (features & (VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf | VirtioFeatures.RingPacked)) != 0 ? Length : LegacyLength;
    }
}
