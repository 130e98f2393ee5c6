using VhostUser.Endpoints;
using VhostUser.Rings;

namespace VhostUser.Reports;

/// <summary>What a report shows of one server or client.</summary>
public sealed record ReportEndpoint
{
    /// <summary>The endpoint at the end of the time.</summary>
    public required EndpointInfo Info { get; init; }
    /// <summary>Its rings at the end of the time.</summary>
    public required IReadOnlyList<VringState> Rings { get; init; }
    /// <summary>The messages of its session.</summary>
    public required IReadOnlyList<VhostMessageInfo> Messages { get; init; }
    /// <summary>What moved, in the order of time.</summary>
    public required IReadOnlyList<ReportSample> Samples { get; init; }

    /// <summary>What a report shows, from looks in the order of time.</summary>
    /// <exception cref="ArgumentException">There is no look.</exception>
    public static ReportEndpoint Of(IReadOnlyList<ReportLook> looks, IReadOnlyList<VhostMessageInfo> messages)
    {
        ArgumentNullException.ThrowIfNull(looks);
        if (looks.Count == 0) throw new ArgumentException("A report needs at least one look.", nameof(looks));
        return new ReportEndpoint
        {
            Info = looks[^1].Info,
            Rings = looks[^1].Rings,
            Messages = messages,
            Samples = [.. looks.Zip(looks.Skip(1), ReportSample.Between)],
        };
    }
}
