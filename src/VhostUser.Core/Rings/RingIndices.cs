using VhostUser.Rings.Packed;

namespace VhostUser.Rings;

/// <summary>
/// The indices and notification fields of a ring at one moment, shared ones and this side's own. A packed ring has no indices: what
/// stands here is counted in chains since the start, so that differences mean the same, and bit 0 of the flags is "do not notify".
/// </summary>
internal readonly record struct RingIndices(
    ushort Available, ushort Used, ushort Next, ushort OwnUsed, ushort AvailableFlags, ushort UsedFlags, ushort AvailableEvent, ushort UsedEvent)
{
    /// <summary>Places and wishes of a packed ring; null in a split one.</summary>
    public PackedIndices? Packed { get; init; }

    /// <summary>Enters all of it into a photograph.</summary>
    public VringState Into(VringState state)
    {
        state = state with
        {
            AvailableIndex = Available,
            OwnAvailableIndex = Next,
            UsedIndex = Used,
            OwnUsedIndex = OwnUsed,
            InFlight = (ushort)(Available - Used),
            NoInterrupt = (AvailableFlags & 1) != 0,
            NoNotify = (UsedFlags & 1) != 0,
            UsedEvent = UsedEvent,
            AvailableEvent = AvailableEvent,
        };
        if (Packed is null) return state;
        return state with
        {
            Layout = "Packed",
            AvailableOffset = Packed.Available.Offset,
            AvailableWrap = Packed.Available.Wrap,
            UsedOffset = Packed.Used.Offset,
            UsedWrap = Packed.Used.Wrap,
            DriverEvent = Packed.DriverEvent.ToString(),
            DeviceEvent = Packed.DeviceEvent.ToString(),
        };
    }
}

/// <summary>The places in a packed ring as this side has them, and both event suppression structures.</summary>
internal sealed record PackedIndices(PackedPosition Available, PackedPosition Used, EventSuppression DriverEvent, EventSuppression DeviceEvent);
