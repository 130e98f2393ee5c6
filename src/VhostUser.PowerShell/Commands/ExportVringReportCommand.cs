using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.Reports;

namespace VhostUser.Commands;

/// <summary>Export-VringReport: watches servers and clients for a while and writes what it saw as one HTML page.</summary>
[Cmdlet(VerbsData.Export, "VringReport", DefaultParameterSetName = AnySet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportVringReportCommand : EndpointCmdlet
{
    // A chart of 600 points shows no more than one of 60.
    private const int Samples = 60;

    private static readonly TimeSpan s_leastInterval = TimeSpan.FromMilliseconds(50);

    private readonly List<Endpoint> _endpoints = [];

    /// <summary>Path of the page; a file there is replaced.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>How long to watch for the charts: seconds or a TimeSpan; 2 seconds when not given, 0 for no charts.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Title of the page.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = "Virtio rings";

    /// <summary>Refuses to replace a file.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Writes the file that was made.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() => _endpoints.AddRange(Endpoints()));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_endpoints.Count > 0) Guard(Export, Path);
    }

    private void Export()
    {
        string path = UserPath.Resolve(this, Path);
        if (NoClobber && File.Exists(path))
            throw new VhostException(VhostError.NameInUse, $"The file '{path}' exists, and -NoClobber was given.", path, "Choose another -Path, or leave out -NoClobber.");
        if (!ShouldProcess(path, $"Write a report about {string.Join(", ", _endpoints.Select(endpoint => endpoint.Name))}")) return;
        List<ReportLook>[] looks = Watch();
        ReportEndpoint[] seen = [.. _endpoints.Zip(looks).Where(pair => pair.Second.Count > 0).Select(pair => ReportEndpoint.Of(pair.Second, pair.First.GetMessages()))];
        File.WriteAllText(path, HtmlReport.Write(Title, DateTimeOffset.Now, seen));
        if (PassThru) WriteObject(new FileInfo(path));
    }

    private List<ReportLook>[] Watch()
    {
        const string activity = "Watching rings";
        List<ReportLook>[] looks = [.. _endpoints.Select(_ => new List<ReportLook>())];
        var failed = new bool[looks.Length]; // one error is enough
        TimeSpan interval = Duration / Samples > s_leastInterval ? Duration / Samples : s_leastInterval;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan at = Stopwatch.GetElapsedTime(start);
            for (int i = 0; i < looks.Length; i++) failed[i] = failed[i] || !Guard(() => looks[i].Add(Look(_endpoints[i], Stopwatch.GetElapsedTime(start))), _endpoints[i].Name);
            TimeSpan left = Duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) break;
            WriteProgress(new ProgressRecord(1, activity, "Looking at counters and indices") { PercentComplete = (int)Math.Min(100, 100 * at / Duration) });
            if (Cancel.WaitHandle.WaitOne(left < interval ? left : interval)) throw new OperationCanceledException(Cancel);
        }
        WriteProgress(new ProgressRecord(1, activity, "done") { RecordType = ProgressRecordType.Completed });
        return looks;
    }

    private static ReportLook Look(Endpoint endpoint, TimeSpan at) => new(at, endpoint.Snapshot(), endpoint.GetVringStates(null, false));
}
