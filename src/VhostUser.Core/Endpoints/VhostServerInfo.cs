namespace VhostUser.Endpoints;

/// <summary>A photograph of a <see cref="VhostServer"/>.</summary>
public sealed record VhostServerInfo : EndpointInfo
{
    /// <summary>What it does with packets.</summary>
    public required ServerMode Mode { get; init; }
    /// <summary>Whether it polls.</summary>
    public required bool Poll { get; init; }
    /// <summary>How long the packet script has been at work on one packet; null when none is at work. The server does nothing else meanwhile.</summary>
    public TimeSpan? BusyFor { get; init; }
    /// <summary>Front-ends that were served since the start; a connection that never said anything is none.</summary>
    public required int Sessions { get; init; }
    /// <summary>Front-ends turned away because another one was there already.</summary>
    public required int Rejected { get; init; }
    /// <summary>Features that are offered and that the front-end did not acknowledge, each with the reason.</summary>
    public string[] RefusedFeatures { get; init; } = [];
    /// <summary>Id of the error that <see cref="LastRefusal"/> tells in words, or null.</summary>
    public string? LastRefusalId { get; init; }
    /// <summary>What was refused last while the server went on: a request, or a second front-end; null when nothing was.</summary>
    public string? LastRefusal { get; init; }
    /// <summary>How often the front-end asked to announce its guest to the network (SEND_RARP, after a migration).</summary>
    public int Announcements { get; init; }
    /// <summary>The MAC address that was announced last, or null.</summary>
    public string? LastAnnounced { get; init; }
    /// <summary>The largest packet behind an Ethernet header in bytes, as the front-end or the server set it; null when none did.</summary>
    public int? Mtu { get; init; }
    /// <summary>The bridge that the server is a port of, or null.</summary>
    public string? Bridge { get; init; }
    /// <summary>The link to another host that the server is joined to, or null.</summary>
    public string? Link { get; init; }
}
