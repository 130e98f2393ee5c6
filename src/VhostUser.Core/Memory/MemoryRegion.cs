using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>One row of a back-end's memory table: a peer's file, mapped.</summary>
internal sealed unsafe class MemoryRegion : IDisposable
{
    private readonly PeerMapping _mapping;

    private MemoryRegion(MemoryRegionDescription description, PeerMapping mapping)
    {
        Description = description;
        _mapping = mapping;
    }

    public MemoryRegionDescription Description { get; }

    /// <summary>Where the region's first byte is in this process.</summary>
    public byte* Address => _mapping.Address;

    public MemorySafety Safety => _mapping.Safety;

    /// <summary>The whole mapping, which may be larger than the region: pages of its file.</summary>
    public byte* MappingAddress => _mapping.MappingAddress;

    public ulong MappingLength => _mapping.MappingLength;

    public bool IsLost => _mapping.IsLost;

    /// <summary>Checks and maps a region that a peer described; the file stays the caller's.</summary>
    /// <exception cref="VhostException">MemoryRegionInvalid, MessageFdKindInvalid or MemoryMapFailed.</exception>
    public static MemoryRegion Map(MemoryRegionDescription row, FileDescriptor file, int index)
    {
        var purpose = new PeerMapping.Purpose($"memory region {index}", $"memory region {index} ({row})", VhostError.MemoryRegionInvalid,
            "The peer's memory table is wrong; look at the code that fills SET_MEM_TABLE or ADD_MEM_REG.");
        // vhost-user, "Memory region description": every sum must stay below 2^64, written so that it can't wrap.
        if (row.GuestAddress > ulong.MaxValue - row.Size)
            throw Invalid($"guest address 0x{row.GuestAddress:x} + size 0x{row.Size:x} overflows");
        if (row.UserAddress > ulong.MaxValue - row.Size)
            throw Invalid($"user address 0x{row.UserAddress:x} + size 0x{row.Size:x} overflows");
        return new MemoryRegion(row, PeerMapping.Map(file, row.Size, row.MmapOffset, purpose));

        VhostException Invalid(string why) => new(purpose.Error, $"{purpose.Text} is invalid: {why}.", purpose.Target, purpose.Action);
    }

    public void Dispose() => _mapping.Dispose();
}
