using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Photographs of a client's rings, with a verdict on each.</summary>
public sealed partial class VhostClient
{
    private volatile MessageLog? _messages; // with the back-end that is there, or was there last

    /// <summary>The messages of this session with their replies; the first and the latest of very many.</summary>
    public VhostMessageInfo[] GetMessages() => _messages?.Read(Name) ?? [];

    /// <summary>Photographs of the rings.</summary>
    /// <param name="queue">Ring index, or null for all.</param>
    /// <param name="descriptors">Whether to read the descriptors too.</param>
    public VringState[] GetVringStates(int? queue = null, bool descriptors = false)
    {
        lock (_gate)
        {
            NoticePeer();
            if (queue is int index && RingOf(index) is null)
                throw new VhostException(VhostError.RingIndexInvalid, $"Client '{Name}' has no ring {index}; it has {_rings.Length}.", Name, "Rings are numbered from 0.");
            return [.. _rings.Where(ring => queue is null || ring.Index == queue).Select(ring => ReadRing(ring, descriptors))];
        }
    }

    private unsafe VringState ReadRing(DriverRing ring, bool descriptors)
    {
        RingIndices now = ring.Queue.ReadIndices();
        bool net = _options.Device == ClientDevice.Net;
        return now.Into(new VringState
        {
            Owner = Name,
            Role = "FrontEnd",
            Queue = ring.Index,
            Direction = !net ? "Other" : ring.Index == ControlQueue ? "Control" : (ring.Index & 1) == 0 ? "RX" : "TX",
            Layout = "Split",
            Size = ring.Queue.Size,
            Started = _state == EndpointState.Running,
            Enabled = _state == EndpointState.Running,
            Free = ring.Queue.Free,
            HeaderLength = HeaderLength,
            HasKick = true,
            HasCall = true,
            Kicks = ring.Counters.KicksSent,
            KicksSuppressed = ring.Counters.KicksSuppressed,
            Calls = ring.Counters.CallsReceived,
            Packets = ring.Counters.Packets,
            Bytes = ring.Counters.Bytes,
            Dropped = ring.Counters.Drops.Total,
            DescriptorAddress = ring.DescriptorAddress,
            AvailableAddress = ring.AvailableAddress,
            UsedAddress = ring.UsedAddress,
            Descriptors = descriptors ? ring.Queue.ReadDescriptors(_space.Translate) : [],
            Verdict = Judge(ring, now),
        });
    }
}
