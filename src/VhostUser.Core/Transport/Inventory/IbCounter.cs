namespace VhostUser.Transport.Inventory;

/// <summary>One counter of a device or port, as the kernel keeps it.</summary>
public sealed record IbCounter
{
    /// <summary>The device.</summary>
    public required string Device { get; init; }
    /// <summary>The port's number, or 0 for a counter of the whole device.</summary>
    public required int Port { get; init; }
    /// <summary>The table it is in: counters (InfiniBand's) or hw_counters (the driver's own).</summary>
    public required string Table { get; init; }
    /// <summary>The kernel's name.</summary>
    public required string Name { get; init; }
    /// <summary>The value.</summary>
    public required ulong Value { get; init; }
    /// <summary>What one of it stands for: packets, "4 bytes", or empty for events.</summary>
    public required string Unit { get; init; }
}
