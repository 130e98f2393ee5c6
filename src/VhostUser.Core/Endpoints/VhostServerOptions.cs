using VhostUser.Devices.Net;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>How to start a <see cref="VhostServer"/>.</summary>
public sealed record VhostServerOptions
{
    /// <summary>Name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the Unix socket, at most 107 bytes.</summary>
    public required string Path { get; init; }

    /// <summary>Whether to connect to a listening front-end, again and again, instead of listening.</summary>
    public bool Connect { get; init; }

    /// <summary>What to do with packets.</summary>
    public ServerMode Mode { get; init; }

    /// <summary>Queue pairs offered, 1 to 128.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Whether to poll the rings without ever sleeping; one core is busy then.</summary>
    public bool Poll { get; init; }

    /// <summary>Core (0-based) that the server's thread is bound to, or null for any.</summary>
    public int? Core { get; init; }

    /// <summary>Source: bytes per generated packet, 60 to 65535.</summary>
    public int PacketSize { get; init; } = 64;

    /// <summary>Source: packets per second, or 0 for as many as the ring takes.</summary>
    public double Rate { get; init; }

    /// <summary>Tap: name of the host's interface.</summary>
    public string? Tap { get; init; }

    /// <summary>Script: what to do with each packet.</summary>
    public PacketHandler? Handler { get; init; }

    /// <summary>Permission bits of the socket file, or null for the umask's.</summary>
    public UnixFileMode? SocketMode { get; init; }

    /// <summary>Whether to replace a socket file on which nobody listens.</summary>
    public bool Force { get; init; }

    /// <summary>Virtio features not to offer.</summary>
    public VirtioFeatures ExcludeFeatures { get; init; }

    /// <summary>Virtio features to offer besides the usual ones: AccessPlatform.</summary>
    public VirtioFeatures OfferFeatures { get; init; }

    /// <summary>Protocol features to offer besides the usual ones: GpaAddresses, HostNotifier, Pagefault, XenMmap.</summary>
    public ProtocolFeatures OfferProtocolFeatures { get; init; }

    /// <summary>Protocol features not to offer.</summary>
    public ProtocolFeatures ExcludeProtocolFeatures { get; init; }

    /// <summary>Whose numbers of protocol features the peer uses.</summary>
    public ProtocolDialect Dialect { get; init; }

    /// <summary>Sizes in bytes of the device's shared memory regions by id, at most 256; when there is one, SHMEM is offered.</summary>
    public IReadOnlyList<long> SharedMemorySizes { get; init; } = [];

    /// <summary>
    /// Whether to offer a control queue, with filters, guest offloads, announcements and hash reports. For front-ends that leave that
    /// queue to the back-end: QEMU and DPDK keep it.
    /// </summary>
    public bool ControlQueue { get; init; }

    /// <summary>Bytes of configuration space for GET_CONFIG (struct virtio_net_config); when empty, CONFIG is not offered.</summary>
    public ReadOnlyMemory<byte> ConfigSpace { get; init; }

    /// <summary>The guest's MAC address, told in the configuration space; null tells none.</summary>
    public Packets.MacAddress? MacAddress { get; init; }

    /// <summary>The largest packet behind an Ethernet header, 68 to 65535 bytes, told in the configuration space; null tells none.</summary>
    public int? Mtu { get; init; }

    /// <summary>The peer's known deviations.</summary>
    public PeerProfile Profile { get; init; }
}
