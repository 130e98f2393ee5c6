namespace VhostUser.Memory;

/// <summary>How to make a <see cref="SharedRegion"/>.</summary>
public sealed record SharedRegionOptions
{
    /// <summary>The region's name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>Size in bytes, rounded up to whole pages.</summary>
    public required long Size { get; init; }

    /// <summary>What it is made of.</summary>
    public RegionBacking Backing { get; init; }

    /// <summary>Huge page size in bytes (2 MiB or 1 GiB), or 0 for ordinary pages; for Memfd only.</summary>
    public long HugePageSize { get; init; }

    /// <summary>Path of the file, or name of the Shm object; null lets the region choose (Shm) or is an error (File).</summary>
    public string? Path { get; init; }

    /// <summary>Guest-physical address of the first byte, or null to let the process choose one that is free.</summary>
    public ulong? GuestAddress { get; init; }

    /// <summary>Front-end user address of the first byte, or null to let the process choose one that is free.</summary>
    public ulong? UserAddress { get; init; }
}
