using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What kind of device a front-end drives.</summary>
public enum ClientDevice
{
    /// <summary>A network device: receive rings are even and get buffers, transmit rings are odd.</summary>
    Net,
    /// <summary>Any other: rings are set up and left to raw chains.</summary>
    Other,
}

/// <summary>How to connect a <see cref="VhostClient"/>.</summary>
public sealed record VhostClientOptions
{
    /// <summary>Name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the Unix socket, at most 107 bytes.</summary>
    public required string Path { get; init; }

    /// <summary>Shared regions for rings and buffers, at least one; all of them are shared with the back-end.</summary>
    public required IReadOnlyList<SharedRegion> Regions { get; init; }

    /// <summary>Whether to listen for the back-end instead of connecting to it.</summary>
    public bool Listen { get; init; }

    /// <summary>Permission bits of the socket file when listening, or null for the umask's.</summary>
    public UnixFileMode? SocketMode { get; init; }

    /// <summary>Whether to replace a socket file on which nobody listens.</summary>
    public bool Force { get; init; }

    /// <summary>The device to drive.</summary>
    public ClientDevice Device { get; init; }

    /// <summary>Queue pairs, 1 to 128. For <see cref="ClientDevice.Other"/> see <see cref="RingCount"/>.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Number of rings of a device that is no network device, 1 to 256.</summary>
    public int RingCount { get; init; } = 1;

    /// <summary>Descriptors per ring, 2 to 32768; a power of two unless <see cref="RequireFeatures"/> has RingPacked.</summary>
    public int QueueSize { get; init; } = 256;

    /// <summary>Bytes of a packet buffer, header included, 64 to 65600.</summary>
    public int BufferSize { get; init; } = 2048;

    /// <summary>Features that the back-end must have; without one of them the connection fails. RingPacked makes the rings packed ones.</summary>
    public VirtioFeatures RequireFeatures { get; init; }

    /// <summary>Features not to use even if the back-end offers them.</summary>
    public VirtioFeatures ExcludeFeatures { get; init; }

    /// <summary>Protocol features that the back-end must have, and that are used: InbandNotifications and GpaAddresses are used only when given here.</summary>
    public ProtocolFeatures RequireProtocolFeatures { get; init; }

    /// <summary>Protocol features not to use even if the back-end offers them.</summary>
    public ProtocolFeatures ExcludeProtocolFeatures { get; init; }

    /// <summary>Whose numbers of protocol features the peer uses.</summary>
    public ProtocolDialect Dialect { get; init; }

    /// <summary>
    /// Makes the client the destination of a post-copy migration: the back-end gets the region without its pages, and each page comes from
    /// this region, of the same size, when the back-end touches it or, after the rings have started, by itself. Null for none.
    /// </summary>
    public SharedRegion? PostcopySource { get; init; }

    /// <summary>Whether to bring pages that nobody touches; otherwise they come with <see cref="VhostClient.CompletePostcopy"/>.</summary>
    public bool PostcopyPush { get; init; } = true;

    /// <summary>The MAC address to announce when the back-end asks for that (GUEST_ANNOUNCE); null for the device's, or 02:00:00:00:00:01.</summary>
    public Packets.MacAddress? MacAddress { get; init; }

    /// <summary>The IPv4 address to announce with a gratuitous ARP request as well; null announces with RARP only.</summary>
    public System.Net.IPAddress? IPAddress { get; init; }

    /// <summary>How long to wait for a peer, and for each reply.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether to try again until <see cref="Timeout"/> while nobody listens, or the back-end closes before its first answer.</summary>
    public bool Retry { get; init; }

    /// <summary>
    /// Whether to outlive the back-end: rings and regions are kept when it goes away, and given to the next one on the same socket.
    /// </summary>
    public bool Reconnect { get; init; }

    /// <summary>The peer's known deviations.</summary>
    public PeerProfile Profile { get; init; }
}
