namespace VhostUser.Endpoints;

/// <summary>A photograph of a <see cref="VhostServer"/>.</summary>
public sealed record VhostServerInfo : EndpointInfo
{
    /// <summary>What it does with packets.</summary>
    public required ServerMode Mode { get; init; }
    /// <summary>Whether it polls.</summary>
    public required bool Poll { get; init; }
    /// <summary>Peers that connected since the start.</summary>
    public required int Sessions { get; init; }
    /// <summary>Connections turned away because a peer was there already.</summary>
    public required int Rejected { get; init; }
    /// <summary>The last request that was answered with a failure while the session went on, or null.</summary>
    public string? LastRefusal { get; init; }
    /// <summary>How often the front-end asked to announce its guest to the network (SEND_RARP, after a migration).</summary>
    public int Announcements { get; init; }
    /// <summary>The MAC address that was announced last, or null.</summary>
    public string? LastAnnounced { get; init; }
    /// <summary>The largest packet behind an Ethernet header in bytes, as the front-end or the server set it; null when none did.</summary>
    public int? Mtu { get; init; }
    /// <summary>The bridge that the server is a port of, or null.</summary>
    public string? Bridge { get; init; }
}
