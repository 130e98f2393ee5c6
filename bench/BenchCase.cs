namespace VhostUser.Bench;

/// <summary>One row of the table: the same work with our end and with another's in its place.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Layout">"split" or "packed"; "-" where there is no choice.</param>
/// <param name="Size">Bytes per packet; 0 where it means nothing.</param>
/// <param name="Ours">Runs ours for the time given.</param>
/// <param name="Theirs">Runs the other's; null when there is nothing to compare with. Rows that name the same run share its result.</param>
internal sealed record BenchCase(string Name, string Layout, int Size, Func<TimeSpan, Measurement> Ours, PeerRun? Theirs)
{
    /// <summary>What the figures are: packets per second unless said otherwise.</summary>
    public string Unit { get; init; } = "packets/s";

    /// <summary>What issue and README promise: a ratio where there is something to compare with, else a figure.</summary>
    public string Wanted { get; init; } = "";

    /// <summary>Why the row can't be measured here, or null.</summary>
    public string? Skipped { get; init; }

    /// <summary>Whether one run says it all: figures that are measured inside of a run already, or that only show something.</summary>
    public bool Once { get; init; }

    /// <summary>Which figure of a run the row shows.</summary>
    public Func<Measurement, double> Pick { get; init; } = run => run.Value;

    /// <summary>Whether a quick run takes it.</summary>
    public bool Quick { get; init; } = true;
}

/// <summary>A run without our code, by name: within one alternation it is made once for all rows that name it.</summary>
internal sealed record PeerRun(string Name, Func<TimeSpan, Measurement> Run);

/// <summary>What one run gave.</summary>
/// <param name="Value">Packets that arrived per second, or what the case's unit says.</param>
/// <param name="AllocatedBytesPerPacket">Managed bytes allocated by this process per packet; null where that was not counted.</param>
/// <param name="Tail">Of round trips, what 99 in a hundred stay below.</param>
internal readonly record struct Measurement(double Value, double? AllocatedBytesPerPacket = null, double Tail = 0);
