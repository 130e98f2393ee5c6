using System.Runtime.InteropServices;

namespace VhostUser.Rings.Packed;

/// <summary>struct pvirtq_desc, 16 bytes (virtio 1.3 §2.8.13).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackedDescriptor
{
    public ulong Address;
    /// <summary>Length, buffer id and flags as one word, so that both sides read and write them together: see <see cref="PackedTail"/>.</summary>
    public ulong Tail;
}

/// <summary>The second half of a descriptor: length in bits 0-31, buffer id in 32-47, flags in 48-63.</summary>
internal readonly record struct PackedTail(ulong Raw)
{
    /// <summary>The two flags that say whose a descriptor is.</summary>
    public const ulong OwnerMask = (ulong)(DescriptorFlags.Available | DescriptorFlags.Used) << 48;

    public PackedTail(uint length, ushort id, DescriptorFlags flags) : this(length | (ulong)id << 32 | (ulong)flags << 48) { }

    public uint Length => (uint)Raw;

    public ushort Id => (ushort)(Raw >> 32);

    public DescriptorFlags Flags => (DescriptorFlags)(Raw >> 48);

    /// <summary>The driver's wrap counter when it wrote this descriptor; the device leaves the same value behind.</summary>
    public bool AvailableBit => (Flags & DescriptorFlags.Available) != 0;

    public bool UsedBit => (Flags & DescriptorFlags.Used) != 0;
}
