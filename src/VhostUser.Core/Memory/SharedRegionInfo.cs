namespace VhostUser.Memory;

/// <summary>A photograph of a <see cref="SharedRegion"/>: primitives only, so it survives remoting.</summary>
public sealed record SharedRegionInfo
{
    /// <summary>Name given at creation.</summary>
    public required string Name { get; init; }
    /// <summary>Tells this region from another that had or will have its name.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>Id of the process that owns the handle.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }
    /// <summary>Bytes taken by rings and buffers.</summary>
    public required long Used { get; init; }
    /// <summary>What it is made of.</summary>
    public required RegionBacking Backing { get; init; }
    /// <summary>Page size in bytes: 4096, or the huge page size.</summary>
    public required long PageSize { get; init; }
    /// <summary>Guest-physical address: what descriptors carry.</summary>
    public required ulong GuestAddress { get; init; }
    /// <summary>Front-end user address: what ring addresses carry.</summary>
    public required ulong UserAddress { get; init; }
    /// <summary>Where the region is mapped in this process.</summary>
    public required ulong MappingAddress { get; init; }
    /// <summary>Why touching it is safe.</summary>
    public required MemorySafety Safety { get; init; }
    /// <summary>File path or shm name; null for a memfd.</summary>
    public required string? Path { get; init; }
    /// <summary>Names of the clients that have rings in it.</summary>
    public required string[] Clients { get; init; }
}
