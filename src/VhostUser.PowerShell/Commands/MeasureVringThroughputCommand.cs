using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Measure-VringThroughput: counts what moves through live servers and clients over a span of time, all at once.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "VringThroughput", DefaultParameterSetName = AnySet)]
[OutputType(typeof(VringThroughput))]
[OutputType(typeof(VringComparison))]
public sealed class MeasureVringThroughputCommand : EndpointCmdlet
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(0.25);

    private readonly List<Endpoint> _endpoints = [];
    private Endpoint? _baseline;

    /// <summary>How long to measure: seconds or a TimeSpan; 1 second when not given.</summary>
    [Parameter(Position = 1)]
    [Timeout]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Ring index; all rings together when not given.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int? Queue { get; set; }

    /// <summary>The server or client that the others are compared with, such as one whose peer is DPDK.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(EndpointNameCompleter))]
    public PSObject? Compare { get; set; }

    /// <summary>Where to write the comparison as a picture (SVG).</summary>
    [Parameter]
    public string? ChartPath { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            if (Compare is not null) _baseline = FindOne(Compare);
            else if (ChartPath is not null) throw new VhostException(VhostError.InvalidArgument, "-ChartPath was given without -Compare: there is no comparison to draw.", null, "Say with -Compare what to compare with.");
        }
        catch (VhostException error)
        {
            ThrowTerminatingError(ErrorRecords.Create(error, Compare)); // every record would meet it
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() => _endpoints.AddRange(Endpoints()));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_baseline is not null)
        {
            Guard(CompareAll, Compare);
            return;
        }
        var meters = new List<ThroughputMeter>();
        foreach (Endpoint endpoint in _endpoints) Guard(() => meters.Add(new ThroughputMeter(endpoint, Queue)), endpoint.Name);
        if (meters.Count == 0) return;
        Guard(() => Wait(meters));
        foreach (ThroughputMeter meter in meters) Guard(() => WriteObject(meter.Read()), meter.Name);
    }

    private void CompareAll()
    {
        // The baseline comes last and once, also when all endpoints were asked for.
        Endpoint[] endpoints = [.. _endpoints.Where(endpoint => endpoint.Handle != _baseline!.Handle), _baseline!];
        List<ThroughputMeter> meters = [.. endpoints.Select(endpoint => new ThroughputMeter(endpoint, Queue))];
        Wait(meters);
        IReadOnlyList<VringComparison> rows = VringComparison.Of([.. meters.Select((meter, i) => (meter.Read(), PeerOf(endpoints[i])))], endpoints.Length - 1);
        WriteObject(rows, enumerateCollection: true);
        if (ChartPath is not null) File.WriteAllText(GetUnresolvedProviderPathFromPSPath(ChartPath), ComparisonChart.Render($"Packets per second beside '{_baseline!.Name}'", rows));
    }

    private static string? PeerOf(Endpoint endpoint)
    {
        EndpointInfo info = endpoint.Snapshot();
        return info.PeerProcessId is int id ? $"{System.IO.Path.GetFileName(info.PeerExecutable ?? "process")} ({id})" : null;
    }

    private static Endpoint FindOne(PSObject input) => EndpointInput.Find(input).ToArray() is [Endpoint one] ? one
        : throw new VhostException(VhostError.InvalidArgument, $"-Compare '{input}' does not name one server or client.", null, "Give the name of one of them.");

    private void Wait(List<ThroughputMeter> meters)
    {
        const string activity = "Measuring throughput";
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = Duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) break;
            if (Cancel.WaitHandle.WaitOne(left < s_interval ? left : s_interval)) throw new OperationCanceledException(Cancel);
            WriteProgress(new ProgressRecord(1, activity, Describe(meters)) { PercentComplete = (int)Math.Min(100, 100 * Stopwatch.GetElapsedTime(start) / Duration) });
        }
        WriteProgress(new ProgressRecord(1, activity, "done") { RecordType = ProgressRecordType.Completed });
    }

    private static string Describe(List<ThroughputMeter> meters) => string.Join("; ", meters.Select(meter => meter.Read()).Select(
        now => $"{now.Owner}: sent {now.SentPacketsPerSecond:n0}/s, received {now.ReceivedPacketsPerSecond:n0}/s"));
}
