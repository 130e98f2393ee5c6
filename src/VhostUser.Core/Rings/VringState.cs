namespace VhostUser.Rings;

/// <summary>A photograph of one ring from one side: both sides' indices, notifications, counters, and what holds it up.</summary>
public sealed record VringState
{
    /// <summary>Server or client that was looked at.</summary>
    public required string Owner { get; init; }
    /// <summary>"BackEnd" or "FrontEnd".</summary>
    public required string Role { get; init; }
    /// <summary>Ring index.</summary>
    public required int Queue { get; init; }
    /// <summary>"RX" (towards the front-end) or "TX" (from it); "Other" on devices that are no network device.</summary>
    public required string Direction { get; init; }
    /// <summary>"Split" or "Packed".</summary>
    public required string Layout { get; init; }
    /// <summary>Number of descriptors; 0 before it is known.</summary>
    public required int Size { get; init; }
    /// <summary>Whether the ring is started.</summary>
    public required bool Started { get; init; }
    /// <summary>Whether the ring is enabled.</summary>
    public required bool Enabled { get; init; }
    /// <summary>The driver's index in shared memory: chains made available, modulo 65536. Of a packed ring, which has no indices, all four are counted since the start.</summary>
    public ushort AvailableIndex { get; init; }
    /// <summary>This side's own available cursor.</summary>
    public ushort OwnAvailableIndex { get; init; }
    /// <summary>The device's index in shared memory: chains used, modulo 65536.</summary>
    public ushort UsedIndex { get; init; }
    /// <summary>This side's own used cursor.</summary>
    public ushort OwnUsedIndex { get; init; }
    /// <summary>Packed: the descriptor that this side takes or makes available next.</summary>
    public int? AvailableOffset { get; init; }
    /// <summary>Packed: the wrap counter there.</summary>
    public bool? AvailableWrap { get; init; }
    /// <summary>Packed: where the next used descriptor belongs.</summary>
    public int? UsedOffset { get; init; }
    /// <summary>Packed: the wrap counter there.</summary>
    public bool? UsedWrap { get; init; }
    /// <summary>Packed: when the driver wants a call: "Enable", "Disable", or "Descriptor" with a place.</summary>
    public string? DriverEvent { get; init; }
    /// <summary>Packed: when the device wants a kick.</summary>
    public string? DeviceEvent { get; init; }
    /// <summary>Chains made available and not yet used.</summary>
    public int InFlight { get; init; }
    /// <summary>Descriptors that are free; -1 for a back-end, which can't know.</summary>
    public int Free { get; init; }
    /// <summary>Whether the driver asks for no calls (avail flags).</summary>
    public bool NoInterrupt { get; init; }
    /// <summary>Whether the device asks for no kicks (used flags).</summary>
    public bool NoNotify { get; init; }
    /// <summary>Index at which the driver wants a call, with EVENT_IDX; in a packed ring off_wrap of its event suppression area.</summary>
    public ushort UsedEvent { get; init; }
    /// <summary>Index at which the device wants a kick, with EVENT_IDX; in a packed ring off_wrap of its event suppression area.</summary>
    public ushort AvailableEvent { get; init; }
    /// <summary>Bytes of the virtio-net header.</summary>
    public int HeaderLength { get; init; }
    /// <summary>Whether a kick descriptor is there.</summary>
    public bool HasKick { get; init; }
    /// <summary>Whether a call descriptor is there.</summary>
    public bool HasCall { get; init; }
    /// <summary>Kicks that this side sent (front-end) or received (back-end).</summary>
    public long Kicks { get; init; }
    /// <summary>Kicks that were not needed (front-end).</summary>
    public long KicksSuppressed { get; init; }
    /// <summary>Calls that this side sent (back-end) or received (front-end).</summary>
    public long Calls { get; init; }
    /// <summary>Calls that were not wanted (back-end).</summary>
    public long CallsSuppressed { get; init; }
    /// <summary>Packets that crossed the ring.</summary>
    public long Packets { get; init; }
    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }
    /// <summary>Packets dropped at this ring.</summary>
    public long Dropped { get; init; }
    /// <summary>Chains that were in flight when the ring was taken over from used.idx.</summary>
    public int ResumedInFlight { get; init; }
    /// <summary>User address of the descriptor table.</summary>
    public ulong DescriptorAddress { get; init; }
    /// <summary>User address of the available ring.</summary>
    public ulong AvailableAddress { get; init; }
    /// <summary>User address of the used ring.</summary>
    public ulong UsedAddress { get; init; }
    /// <summary>What holds the ring up, in words; "ok" when nothing does.</summary>
    public required string Verdict { get; init; }
    /// <summary>The descriptors, when asked for.</summary>
    public VringDescriptor[] Descriptors { get; init; } = [];
}
