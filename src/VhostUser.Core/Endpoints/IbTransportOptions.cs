using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>How to make an <see cref="IbTransport"/>.</summary>
public sealed record IbTransportOptions
{
    /// <summary>Port of the control channel when none is given.</summary>
    public const int DefaultPort = 18530;

    /// <summary>Name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>Address of this host to listen on; or <see cref="Connect"/>.</summary>
    public string? Listen { get; init; }

    /// <summary>Name or address of the host that listens; or <see cref="Listen"/>.</summary>
    public string? Connect { get; init; }

    /// <summary>TCP port of the control channel; 0 lets a listening end choose one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>What both ends have to prove; null only on loopback addresses, or with <see cref="AllowInsecure"/>.</summary>
    public LinkCredential? Credential { get; init; }

    /// <summary>Whether to go without a credential to other addresses than loopback: whoever reaches the port then joins the network.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>The fabric.</summary>
    public LinkProvider Provider { get; init; }

    /// <summary>How packets cross.</summary>
    public LinkMode Mode { get; init; }

    /// <summary>Whether to encrypt every frame with AES-256-GCM; needs a credential.</summary>
    public bool Encrypt { get; init; }

    /// <summary>
    /// How long packets wait for a link that is down, or for receive buffers of the guest, before they are dropped and counted. Until
    /// then they stay where they are, and the sending guest waits.
    /// </summary>
    public TimeSpan DropAfter { get; init; } = TimeSpan.FromSeconds(1);

    internal bool IsListener => Listen is not null;
}
