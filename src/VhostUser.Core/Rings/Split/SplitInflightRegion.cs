using System.Runtime.InteropServices;

namespace VhostUser.Rings.Split;

/// <summary>QueueRegionSplit: what stands before the records of a split ring, 16 bytes (vhost-user, "Inflight I/O tracking").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct SplitInflightRegion
{
    public ulong Features;
    public ushort Version;
    public ushort DescriptorCount;
    public ushort LastBatchHead;
    public ushort UsedIndex;
}

/// <summary>DescStateSplit: what is known of one head descriptor, 16 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct SplitInflightRecord
{
    [FieldOffset(0)] public byte InFlight;
    [FieldOffset(6)] public ushort Next;
    [FieldOffset(8)] public ulong Counter;
}
