namespace VhostUser.Rings;

/// <summary>One descriptor of a ring, as photographed.</summary>
public sealed record VringDescriptor
{
    /// <summary>Its number in the ring or table.</summary>
    public required int Index { get; init; }
    /// <summary>The ring it belongs to.</summary>
    public required int Queue { get; init; }
    /// <summary>Guest-physical address of its buffer.</summary>
    public required ulong Address { get; init; }
    /// <summary>Length of its buffer in bytes.</summary>
    public required uint Length { get; init; }
    /// <summary>Its flags.</summary>
    public required DescriptorFlags Flags { get; init; }
    /// <summary>Where its chain goes on; meaningful with NEXT.</summary>
    public required int Next { get; init; }
    /// <summary>Buffer id of a packed descriptor; -1 in a split ring.</summary>
    public int Id { get; init; } = -1;
    /// <summary>Head of the chain it is in, as far as the available ring tells; -1 when it is in none.</summary>
    public required int Chain { get; init; }
    /// <summary>Available (waiting for the device), InFlight (taken or posted and not returned) or Free.</summary>
    public required string State { get; init; }
    /// <summary>The first bytes of the buffer in hex, at most 16; empty when the address is not in a region.</summary>
    public required string Preview { get; init; }
}
