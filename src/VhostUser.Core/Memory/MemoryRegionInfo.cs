namespace VhostUser.Memory;

/// <summary>One row of a session's memory table, as photographed.</summary>
public sealed record MemoryRegionInfo
{
    /// <summary>Guest-physical address of the first byte.</summary>
    public required ulong GuestAddress { get; init; }
    /// <summary>Front-end user address of the first byte.</summary>
    public required ulong UserAddress { get; init; }
    /// <summary>Where it is mapped in this process.</summary>
    public required ulong MappingAddress { get; init; }
    /// <summary>Size in bytes.</summary>
    public required ulong Size { get; init; }
    /// <summary>Offset in its file, in bytes.</summary>
    public required ulong FileOffset { get; init; }
    /// <summary>Why touching it is safe.</summary>
    public required MemorySafety Safety { get; init; }

    internal static unsafe MemoryRegionInfo Of(MemoryRegion region) => new()
    {
        GuestAddress = region.Description.GuestAddress,
        UserAddress = region.Description.UserAddress,
        MappingAddress = (ulong)region.Address,
        Size = region.Description.Size,
        FileOffset = region.Description.MmapOffset,
        Safety = region.Safety,
    };
}
