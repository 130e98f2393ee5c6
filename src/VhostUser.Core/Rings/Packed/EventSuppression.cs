namespace VhostUser.Rings.Packed;

/// <summary>When one side wants to hear from the other (virtio 1.3 §2.8.14, flags).</summary>
internal enum EventWish : ushort
{
    /// <summary>Always (RING_EVENT_FLAGS_ENABLE).</summary>
    Enable = 0,
    /// <summary>Never (RING_EVENT_FLAGS_DISABLE).</summary>
    Disable = 1,
    /// <summary>When a certain descriptor is reached (RING_EVENT_FLAGS_DESC, with EVENT_IDX only).</summary>
    Descriptor = 2,
}

/// <summary>struct pvirtq_event_suppress (virtio 1.3 §2.8.14), 4 bytes: a descriptor with its wrap counter, and the wish.</summary>
internal readonly record struct EventSuppression(uint Raw)
{
    public EventSuppression(PackedPosition position, EventWish wish) : this(position.Bits | (uint)wish << 16) { }

    public PackedPosition Position => PackedPosition.FromBits(Raw);

    public ushort PositionBits => (ushort)Raw;

    /// <summary>The wish; bits 2 to 15 are reserved.</summary>
    public EventWish Wish => (EventWish)(Raw >> 16 & 3);

    /// <summary>Whether to notify the side that wrote this, after the other moved by <paramref name="moved"/> descriptors and got to <paramref name="current"/>.</summary>
    public bool Wants(PackedPosition current, int moved, int size, bool eventIdx) => Wish switch
    {
        EventWish.Disable => false,
        EventWish.Descriptor when eventIdx => Position.DistanceTo(current, size) <= moved,
        _ => true, // what means nothing must not cost a wake-up
    };

    /// <summary>For people: "Enable", "Disable" or "Descriptor 12, wrap 1".</summary>
    public override string ToString() => Wish == EventWish.Descriptor ? $"Descriptor {Position.Offset}, wrap {(Position.Wrap ? 1 : 0)}" : Wish.ToString();
}
