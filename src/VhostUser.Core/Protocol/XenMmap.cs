using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>What each row of a memory table ends with after XEN_MMAP was acknowledged: 8 bytes (vhost-user, "Xen mmap description").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct XenMmap
{
    public const int Size = 8;
    public const uint Foreign = 1 << 0;
    public const uint Grant = 1 << 1;
    public const uint NotInAdvance = 1 << 8;

    /// <summary>How the memory is to be mapped; 0 for a file's, as without Xen.</summary>
    public uint Flags;
    public uint Domain;

    /// <summary>Memory of a Xen domain comes from the hypervisor's own devices, which this product does not use.</summary>
    /// <exception cref="VhostException">RequestNotSupported for foreign and grant memory, RequestValueInvalid for flags that mean nothing.</exception>
    public readonly void DemandOrdinary(string message, in MemoryRegionDescription row)
    {
        if (Flags == 0) return;
        string kind = Flags switch
        {
            Foreign or Foreign | NotInAdvance => "foreign",
            Grant or Grant | NotInAdvance => "grant",
            _ => throw new VhostException(VhostError.RequestValueInvalid, $"{message}: the Xen flags of region ({row}) are 0x{Flags:x}; expected 0, foreign (0x1) or grant (0x2), perhaps with 0x100.", message, "Look at the code that fills the memory table."),
        };
        throw new VhostException(VhostError.RequestNotSupported, $"{message}: region ({row}) is {kind} memory of Xen domain {Domain}, which this back-end can't map.", message,
            "Give it memory of a file, with Xen flags 0; or do not acknowledge XEN_MMAP.");
    }
}
