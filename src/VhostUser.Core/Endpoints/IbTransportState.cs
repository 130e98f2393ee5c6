namespace VhostUser.Endpoints;

/// <summary>Where a link stands.</summary>
public enum IbTransportState
{
    /// <summary>Waits for the other end to connect.</summary>
    Listening,
    /// <summary>Tries to reach the other end, again and again.</summary>
    Connecting,
    /// <summary>Packets can cross.</summary>
    Up,
    /// <summary>Was removed by its owner, or what it was joined to was.</summary>
    Stopped,
}
