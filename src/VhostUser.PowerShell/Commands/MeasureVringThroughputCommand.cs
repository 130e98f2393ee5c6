using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Measure-VringThroughput: counts what moves through live servers and clients over a span of time, all at once.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "VringThroughput", DefaultParameterSetName = AnySet)]
[OutputType(typeof(VringThroughput))]
public sealed class MeasureVringThroughputCommand : EndpointCmdlet
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(0.25);

    private readonly List<Endpoint> _endpoints = [];

    /// <summary>How long to measure: seconds or a TimeSpan; 1 second when not given.</summary>
    [Parameter(Position = 1)]
    [Timeout]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Ring index; all rings together when not given.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int? Queue { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() => _endpoints.AddRange(Endpoints()));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var meters = new List<ThroughputMeter>();
        foreach (Endpoint endpoint in _endpoints) Guard(() => meters.Add(new ThroughputMeter(endpoint, Queue)), endpoint.Name);
        if (meters.Count == 0) return;
        Guard(() => Wait(meters));
        foreach (ThroughputMeter meter in meters) Guard(() => WriteObject(meter.Read()), meter.Name);
    }

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
