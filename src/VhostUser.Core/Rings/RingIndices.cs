namespace VhostUser.Rings;

/// <summary>The indices and notification fields of a split ring at one moment, shared ones and this side's own.</summary>
internal readonly record struct RingIndices(
    ushort Available, ushort Used, ushort Next, ushort OwnUsed, ushort AvailableFlags, ushort UsedFlags, ushort AvailableEvent, ushort UsedEvent);
