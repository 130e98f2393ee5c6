using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Packets;

namespace VhostUser.Commands;

/// <summary>Test-VhostPath: sends numbered, time-stamped packets through a path and tells loss, order, latency and jitter.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VhostPath")]
[OutputType(typeof(VhostPathResult))]
public sealed class TestVhostPathCommand : VhostCmdlet
{
    /// <summary>The client that sends.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("From")]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>The client that receives; the sender itself when not given, for a path that leads back.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? To { get; set; }

    /// <summary>How long to send: seconds or a TimeSpan; 2 seconds when not given.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Packets per second; 0 for as many as the ring takes; 10000 when not given.</summary>
    [Parameter]
    [ValidateRange(0, double.MaxValue)]
    public double Rate { get; set; } = 10_000;

    /// <summary>Bytes of a frame, 60 or more; several sizes take turns. 64 when not given.</summary>
    [Parameter]
    [ValidateRange(60, 65550)]
    [ValidateNotNullOrEmpty]
    public int[] PacketSize { get; set; } = [64];

    /// <summary>Transmit ring; 1 when not given. What arrives is taken from all receive rings.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int Queue { get; set; } = 1;

    /// <summary>A packet of New-VhostPacket -Udp, whose addresses and tags the test's packets have.</summary>
    [Parameter]
    public VhostPacket? Template { get; set; }

    /// <summary>How long to wait for missing packets at the end: seconds or a TimeSpan; 1 second when not given.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Shows the result with a histogram of the latencies.</summary>
    [Parameter]
    public SwitchParameter Plot { get; set; }

    /// <summary>Tests the path of one client.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        VhostClient from = Client!.Resolve();
        VhostClient to = To?.Resolve() ?? from;
        string activity = $"Testing the path from '{from.Name}' to '{to.Name}'";
        VhostPathResult result = VhostPath.Test(new VhostPathOptions
        {
            From = from,
            To = to,
            Duration = Duration,
            Rate = Rate,
            PacketSizes = PacketSize,
            Queue = Queue,
            Template = Template,
            Patience = Timeout,
        }, Cancel, (part, sent, received) => WriteProgress(new ProgressRecord(1, activity, $"sent {sent:n0}, arrived {received:n0}") { PercentComplete = (int)(100 * part) }));
        WriteProgress(new ProgressRecord(1, activity, "done") { RecordType = ProgressRecordType.Completed });
        WriteObject(Plot ? WithPlot(result) : result);
    }, Client);

    private static PSObject WithPlot(VhostPathResult result)
    {
        var shown = new PSObject(result);
        shown.TypeNames.Insert(0, typeof(VhostPathResult).FullName + "#Plot");
        return shown;
    }
}
