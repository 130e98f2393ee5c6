namespace VhostUser.Memory;

/// <summary>Pages in a row that a back-end wrote, as its dirty log tells.</summary>
public sealed record DirtyRange
{
    /// <summary>Name of the shared region.</summary>
    public required string Region { get; init; }
    /// <summary>Guest-physical address of the first page.</summary>
    public required ulong GuestAddress { get; init; }
    /// <summary>Bytes from the region's start to the first page.</summary>
    public required long Offset { get; init; }
    /// <summary>Number of pages of 4096 bytes.</summary>
    public required long Pages { get; init; }
}
