using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>The payload of ADD_MEM_REG and REM_MEM_REG, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct SingleMemoryRegionPayload
{
    public ulong Padding;
    public MemoryRegionDescription Region;
}
