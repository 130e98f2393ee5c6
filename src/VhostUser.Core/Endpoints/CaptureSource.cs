using VhostUser.Devices.Net.Capturing;

namespace VhostUser.Endpoints;

/// <summary>An endpoint whose packets are captured, or one ring of it.</summary>
public sealed class CaptureSource
{
    private CaptureSource(string name, string kind, int? queue, string description, CaptureTap tap)
    {
        Name = queue is null ? name : $"{name}.{queue}";
        Kind = kind;
        Queue = queue;
        Description = description;
        Tap = tap;
    }

    /// <summary>What the interface is called in the file: the endpoint's name, and behind a dot the ring when it is one.</summary>
    public string Name { get; }

    /// <summary>"Server", "Client" or "BridgePort".</summary>
    public string Kind { get; }

    /// <summary>The one ring, or null for all.</summary>
    public int? Queue { get; }

    /// <summary>What the file says of the interface.</summary>
    public string Description { get; }

    internal CaptureTap Tap { get; }

    /// <summary>A server: what its front-end sends comes in, what it sends to the front-end goes out.</summary>
    /// <exception cref="VhostException">RingIndexInvalid.</exception>
    public static CaptureSource Of(VhostServer server, int? queue = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (queue is int ring) server.GetVringStates(ring);
        return new CaptureSource(server.Name, "Server", queue, $"vhost-user back-end '{server.Name}' (mode {server.Mode}) at {server.Path}{RingText(queue)}", server.Capture);
    }

    /// <summary>A client: what it receives comes in, what it sends goes out.</summary>
    /// <exception cref="VhostException">RingIndexInvalid.</exception>
    public static CaptureSource Of(VhostClient client, int? queue = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (queue is int ring) client.GetVringStates(ring);
        return new CaptureSource(client.Name, "Client", queue, $"vhost-user front-end '{client.Name}' at {client.Path}{RingText(queue)}", client.Capture);
    }

    /// <summary>The ports of a bridge, or those of the names given: servers, and the host's tap interfaces.</summary>
    /// <exception cref="VhostException">HandleNotFound: the bridge has no such port.</exception>
    public static IReadOnlyList<CaptureSource> Of(VhostBridge bridge, IReadOnlyCollection<string>? ports = null)
    {
        ArgumentNullException.ThrowIfNull(bridge);
        return bridge.GetCaptureSources(ports);
    }

    internal static CaptureSource OfTap(string bridge, string tap, CaptureTap where) => new(tap, "BridgePort", null, $"tap interface {tap}, port of bridge '{bridge}'", where);

    private static string RingText(int? queue) => queue is int ring ? $", ring {ring} ({((ring & 1) == 0 ? "RX" : "TX")})" : "";
}
