using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Rings;

namespace VhostUser.Handles;

/// <summary>Compares the counters of an endpoint, or of one ring, with those at the start.</summary>
internal sealed class ThroughputMeter
{
    private readonly Endpoint _endpoint;
    private readonly int? _queue;
    private readonly Counters _first;
    private readonly long _start;

    private readonly record struct Counters(long PacketsSent, long BytesSent, long PacketsReceived, long BytesReceived, long Dropped);

    /// <summary>Takes the first look.</summary>
    public ThroughputMeter(Endpoint endpoint, int? queue)
    {
        _endpoint = endpoint;
        _queue = queue;
        _first = Look();
        _start = Stopwatch.GetTimestamp();
    }

    /// <summary>Name of the endpoint.</summary>
    public string Name => _endpoint.Name;

    /// <summary>What moved since the start.</summary>
    /// <exception cref="VhostException">HandleClosed: the endpoint was closed meanwhile, or RingNotReady: its session ended.</exception>
    public VringThroughput Read()
    {
        Counters now = Look();
        TimeSpan duration = Stopwatch.GetElapsedTime(_start);
        if (now.PacketsSent < _first.PacketsSent || now.PacketsReceived < _first.PacketsReceived)
            throw new VhostException(VhostError.RingNotReady, $"'{_endpoint.Name}': the ring's counters began anew while they were measured: its session ended.", _endpoint.Name,
                "Measure without -Queue to see the sum over sessions.");
        return new VringThroughput
        {
            Owner = _endpoint.Name,
            Queue = _queue,
            Duration = duration,
            PacketsSent = now.PacketsSent - _first.PacketsSent,
            BytesSent = now.BytesSent - _first.BytesSent,
            PacketsReceived = now.PacketsReceived - _first.PacketsReceived,
            BytesReceived = now.BytesReceived - _first.BytesReceived,
            Dropped = now.Dropped - _first.Dropped,
        };
    }

    private Counters Look()
    {
        EndpointInfo info = _endpoint.Snapshot();
        if (info.State == EndpointState.Stopped)
            throw new VhostException(VhostError.HandleClosed, $"'{_endpoint.Name}' was stopped.", _endpoint.Name, "Measure something that runs.");
        if (_queue is null) return new Counters(info.PacketsSent, info.BytesSent, info.PacketsReceived, info.BytesReceived, info.Dropped);
        VringState ring = _endpoint.GetVringStates(_queue, false).SingleOrDefault() ?? throw new VhostException(VhostError.RingNotReady,
            $"'{_endpoint.Name}' has no ring {_queue} now.", _endpoint.Name, "Wait until a peer is connected.");
        // A front-end sends on TX rings, a back-end on RX rings.
        return ring.Direction == "RX" == (ring.Role == "BackEnd")
            ? new Counters(ring.Packets, ring.Bytes, 0, 0, ring.Dropped)
            : new Counters(0, 0, ring.Packets, ring.Bytes, ring.Dropped);
    }
}
