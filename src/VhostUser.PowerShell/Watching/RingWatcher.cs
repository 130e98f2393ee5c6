using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Rings;
using VhostUser.Views;

namespace VhostUser.Watching;

/// <summary>Looks at one server or client again and again, and knows what moved between two looks.</summary>
internal sealed class RingWatcher(Endpoint endpoint)
{
    private readonly Dictionary<int, long> _packets = [];
    private (TimeSpan At, long Bytes)? _before;

    /// <summary>The endpoint now.</summary>
    /// <param name="at">Time since any fixed moment.</param>
    public WatchedEndpoint Look(TimeSpan at)
    {
        try
        {
            EndpointInfo info = endpoint.Snapshot();
            VringState[] rings = endpoint.GetVringStates(null, false);
            double seconds = _before is { } before ? (at - before.At).TotalSeconds : 0;
            long bytes = info.BytesSent + info.BytesReceived;
            double bits = 8 * Rate(bytes - (_before?.Bytes ?? 0), seconds);
            _before = (at, bytes);
            WatchedRing[] watched = [.. rings.Select(ring => new WatchedRing(ring, PacketRate(ring, seconds)))];
            return new WatchedEndpoint(info.Name, Title(info), ViewText.Peer(info.PeerProcessId, info.PeerExecutable), info.Dropped, bits, watched, info.Fault);
        }
        catch (VhostException error)
        {
            return new WatchedEndpoint(endpoint.Name, "not to be seen", "-", 0, 0, [], error.Message);
        }
    }

    private double PacketRate(VringState ring, double seconds)
    {
        _packets.TryGetValue(ring.Queue, out long before);
        _packets[ring.Queue] = ring.Packets;
        return Rate(ring.Packets - before, seconds);
    }

    // A new session counts from zero again: that is no negative rate.
    private static double Rate(long moved, double seconds) => seconds > 0 ? Math.Max(0, moved) / seconds : 0;

    private static string Title(EndpointInfo info) => info switch
    {
        VhostServerInfo { Bridge: string bridge } => $"server, port of {bridge}, {info.State}",
        VhostServerInfo server => $"server, {server.Mode}, {ViewText.State(server.State, server.BusyFor)}",
        _ => $"client, {info.State}",
    };
}
