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
    /// <summary>The bridge that the server is a port of, or null.</summary>
    public string? Bridge { get; init; }
}
