using System.Runtime.InteropServices;

namespace VhostUser.Rings.Packed;

/// <summary>
/// QueueRegionPacked: what stands before the records of a packed ring, 22 bytes and padding to 32 (vhost-user, "Inflight I/O tracking").
/// Fields that change together are one word, so that a back-end that is killed leaves both as they were or both new.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct PackedInflightRegion
{
    [FieldOffset(0)] public ulong Features;
    [FieldOffset(8)] public ushort Version;
    [FieldOffset(10)] public ushort DescriptorCount;
    /// <summary>free_head in bits 0-15, old_free_head in 16-31.</summary>
    [FieldOffset(12)] public uint FreeHeads;
    /// <summary>used_idx in bits 0-15, old_used_idx in 16-31, used_wrap_counter in 32-39, old_used_wrap_counter in 40-47.</summary>
    [FieldOffset(16)] public ulong UsedPlaces;
}

/// <summary>DescStatePacked: a copy of one descriptor, and in the first of a chain what is known of the chain, 32 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct PackedInflightRecord
{
    [FieldOffset(0)] public byte InFlight;
    /// <summary>The next free record, or the next of the chain.</summary>
    [FieldOffset(2)] public ushort Next;
    [FieldOffset(4)] public ushort Last;
    [FieldOffset(6)] public ushort Count;
    [FieldOffset(8)] public ulong Counter;
    /// <summary>Buffer id in bits 0-15, flags in 16-31, length in 32-63.</summary>
    [FieldOffset(16)] public ulong Descriptor;
    [FieldOffset(24)] public ulong Address;

    /// <summary>The second half of the descriptor in the form of the ring.</summary>
    public readonly PackedTail Tail => new((uint)(Descriptor >> 32), (ushort)Descriptor, (DescriptorFlags)(ushort)(Descriptor >> 16));

    public void SetTail(PackedTail tail) => Descriptor = tail.Id | (ulong)(ushort)tail.Flags << 16 | (ulong)tail.Length << 32;
}
