using VhostUser.Rings;

namespace VhostUser.Reports;

/// <summary>What moved between two looks.</summary>
public sealed record ReportSample
{
    /// <summary>Time of the later look since the first one.</summary>
    public required TimeSpan At { get; init; }
    /// <summary>Packets that the endpoint sent, per second.</summary>
    public required double SentPerSecond { get; init; }
    /// <summary>Packets that it received, per second.</summary>
    public required double ReceivedPerSecond { get; init; }
    /// <summary>Bits that it sent and received, per second.</summary>
    public required double BitsPerSecond { get; init; }
    /// <summary>
    /// Mean time that a packet waited in a TX ring, estimated by Little's law: packets in flight at both looks / packets per second.
    /// Null when none crossed.
    /// </summary>
    public required TimeSpan? Wait { get; init; }

    /// <summary>Compares two looks; counters that began anew count as nothing.</summary>
    public static ReportSample Between(ReportLook earlier, ReportLook later)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        ArgumentNullException.ThrowIfNull(later);
        double seconds = (later.At - earlier.At).TotalSeconds;
        double crossed = PerSecond(earlier.Rings.Where(IsTransmit).Sum(ring => ring.Packets), later.Rings.Where(IsTransmit).Sum(ring => ring.Packets), seconds);
        double waiting = (Waiting(earlier) + Waiting(later)) / 2.0;
        return new ReportSample
        {
            At = later.At,
            SentPerSecond = PerSecond(earlier.Info.PacketsSent, later.Info.PacketsSent, seconds),
            ReceivedPerSecond = PerSecond(earlier.Info.PacketsReceived, later.Info.PacketsReceived, seconds),
            BitsPerSecond = 8 * (PerSecond(earlier.Info.BytesSent, later.Info.BytesSent, seconds) + PerSecond(earlier.Info.BytesReceived, later.Info.BytesReceived, seconds)),
            Wait = crossed > 0 ? TimeSpan.FromSeconds(waiting / crossed) : null,
        };
    }

    private static int Waiting(ReportLook look) => look.Rings.Where(IsTransmit).Select(VringShares.Of).Sum(shares => shares.Available + shares.InFlight);

    private static bool IsTransmit(VringState ring) => ring.Direction == "TX";

    private static double PerSecond(long before, long after, double seconds) => seconds > 0 ? Math.Max(0, after - before) / seconds : 0;
}
