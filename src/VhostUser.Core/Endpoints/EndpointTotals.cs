using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Sums over rings: of the sessions that ended, and with those of the present one for a photograph.</summary>
internal readonly record struct EndpointTotals(long ReceivePackets, long ReceiveBytes, long TransmitPackets, long TransmitBytes, IReadOnlyDictionary<string, long>? DropsOrNull)
{
    private static readonly IReadOnlyDictionary<string, long> s_none = new Dictionary<string, long>();

    public IReadOnlyDictionary<string, long> Drops => DropsOrNull ?? s_none;

    public EndpointTotals Plus(IEnumerable<Vring> rings) => Plus(rings.Select(ring => (ring.IsReceive, ring.Counters)));

    public EndpointTotals Plus(IEnumerable<DriverRing> rings) => Plus(rings.Select(ring => ((ring.Index & 1) == 0, ring.Counters)));

    private EndpointTotals Plus(IEnumerable<(bool IsReceive, VringCounters Counters)> rings)
    {
        EndpointTotals sum = this;
        var drops = new Dictionary<string, long>(Drops);
        foreach ((bool isReceive, VringCounters counters) in rings)
        {
            sum = isReceive
                ? sum with { ReceivePackets = sum.ReceivePackets + counters.Packets, ReceiveBytes = sum.ReceiveBytes + counters.Bytes }
                : sum with { TransmitPackets = sum.TransmitPackets + counters.Packets, TransmitBytes = sum.TransmitBytes + counters.Bytes };
            counters.Drops.AddTo(drops);
        }
        return sum with { DropsOrNull = drops };
    }
}
