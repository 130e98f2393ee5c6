using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>A mapping of a file into a shared memory region of the device: the payload of SHMEM_MAP and SHMEM_UNMAP, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ShmemMapPayload
{
    /// <summary>Bits 0-7 the region's id; the rest is padding.</summary>
    public ulong Region;
    public ulong FileOffset;
    public ulong Offset;
    public ulong Length;
    /// <summary>Bit 0: writable.</summary>
    public ulong Flags;
}
