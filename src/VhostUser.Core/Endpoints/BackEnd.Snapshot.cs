using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Photographs of a session's rings, with a verdict on each.</summary>
internal sealed partial class BackEnd
{
    /// <summary>One state per ring that was mentioned or runs; with descriptors when asked.</summary>
    public VringState[] ReadRings(string owner, int? queue, bool descriptors)
    {
        return [.. _rings.Where(ring => queue is null || ring.Index == queue).Select(ring => ReadRing(ring, owner, descriptors))];
    }

    private VringState ReadRing(Vring ring, string owner, bool descriptors)
    {
        var state = new VringState
        {
            Owner = owner,
            Role = "BackEnd",
            Queue = ring.Index,
            Direction = ring.Index == ControlIndex ? "Control" : ring.IsReceive ? "RX" : "TX",
            Layout = Layout.Packed && _featuresSet ? "Packed" : "Split",
            Size = ring.Size,
            Started = ring.Queue is not null,
            Enabled = IsEnabled(ring),
            Free = -1,
            HeaderLength = Devices.Net.NetHeader.LengthFor(Features),
            HasKick = ring.KickFd is not null,
            HasCall = ring.CallFd is not null,
            Kicks = ring.Counters.KicksReceived,
            Calls = ring.Counters.CallsSent,
            CallsSuppressed = ring.Counters.CallsSuppressed,
            Packets = ring.Counters.Packets,
            Bytes = ring.Counters.Bytes,
            Dropped = ring.Counters.Drops.Total,
            ResumedInFlight = ring.ResumedInFlight,
            DescriptorAddress = ring.Addresses?.Descriptors ?? 0,
            AvailableAddress = ring.Addresses?.Available ?? 0,
            UsedAddress = ring.Addresses?.Used ?? 0,
            Verdict = "",
        };
        if (ring.Queue is null) return state with { Verdict = "stopped: " + (WhyStopped(ring) ?? WhyMisplaced(ring)?.Message) };
        RingIndices now = ring.Queue.ReadIndices();
        return now.Into(state) with
        {
            Descriptors = descriptors ? ring.Queue.ReadDescriptors() : [],
            Verdict = Judge(ring, now),
        };
    }
}
