namespace VhostUser.Endpoints;

/// <summary>Packets came. Events are raised some twenty times a second at most, so one tells of many packets.</summary>
/// <param name="count">How many.</param>
public sealed class PacketReceivedEventArgs(long count) : EventArgs
{
    /// <summary>For a server: packets that came since the last event. For a client: packets that wait to be received, as far as one look tells.</summary>
    public long Count { get; } = count;
}

/// <summary>A fault that ended a session, or the endpoint.</summary>
/// <param name="faultId">Name of the <see cref="VhostError"/>.</param>
/// <param name="fault">What happened.</param>
/// <param name="faultAction">What to do about it, or null.</param>
public sealed class FaultedEventArgs(string faultId, string fault, string? faultAction) : EventArgs
{
    /// <summary>Name of the <see cref="VhostError"/>.</summary>
    public string FaultId { get; } = faultId;

    /// <summary>What happened.</summary>
    public string Fault { get; } = fault;

    /// <summary>What to do about it, or null.</summary>
    public string? FaultAction { get; } = faultAction;
}
