using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>The payload of ADD_MEM_REG and REM_MEM_REG without XEN_MMAP.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct SingleMemoryRegionPayload
{
    public const int Size = 40;

    public ulong Padding;
    public MemoryRegionDescription Region;
}
