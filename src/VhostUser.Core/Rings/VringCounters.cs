namespace VhostUser.Rings;

/// <summary>What happened on a ring; written by the thread that works it, read by anyone.</summary>
internal sealed class VringCounters
{
    public long Packets;
    public long Bytes;
    public long KicksReceived;
    public long KicksSent;
    public long KicksSuppressed;
    public long CallsReceived;
    public long CallsSent;
    public long CallsSuppressed;

    /// <summary>Drops by reason; touched only when something is dropped.</summary>
    public DropCounters Drops { get; } = new();
}
