namespace VhostUser.Endpoints;

/// <summary>Where a server or client stands.</summary>
public enum EndpointState
{
    /// <summary>Waits for a peer to connect.</summary>
    Listening,
    /// <summary>Tries to reach a peer, again and again.</summary>
    Connecting,
    /// <summary>A peer is there; the handshake is not complete.</summary>
    Connected,
    /// <summary>At least one ring is started and enabled: packets can move.</summary>
    Running,
    /// <summary>The peer went away (clients only; a server listens or connects again).</summary>
    Disconnected,
    /// <summary>The back-end went away, and the client waits for the next one with its rings kept (clients with Reconnect only).</summary>
    Reconnecting,
    /// <summary>Was stopped by its owner.</summary>
    Stopped,
    /// <summary>Can't go on; the fault says why.</summary>
    Faulted,
}
