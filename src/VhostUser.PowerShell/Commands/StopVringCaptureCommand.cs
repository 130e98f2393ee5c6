using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Stop-VringCapture: ends captures; their files are complete afterwards.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VringCapture", SupportsShouldProcess = true)]
[OutputType(typeof(VhostCaptureInfo))]
public sealed class StopVringCaptureCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Capture")]
    [ArgumentCompleter(typeof(CaptureNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public CaptureArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each capture.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Stops what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (CaptureArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostCapture capture in name.ResolveAll()) Guard(() => Stop(capture), capture.Name);
            }, name.Name);
        }
    }

    private void Stop(VhostCapture capture)
    {
        if (!ShouldProcess(capture.Name, "Stop capture")) return;
        LiveHandles.Captures.Close(capture.Name, capture);
        VhostCaptureInfo last = capture.Snapshot();
        if (last.Dropped > 0)
            WriteWarning($"Capture '{capture.Name}' lacks {last.Dropped} of {last.Packets + last.Dropped} packets: they came faster than the file took them. -SnapLength makes them shorter, -BufferSize bridges longer bursts.");
        if (last.Fault is not null)
            WriteError(ErrorRecords.Create(new VhostException(VhostError.CaptureFailed, last.Fault, capture.Name, "Look at the room that is left in its file system (df)."), capture.Name));
        if (PassThru) WriteObject(last);
    }
}
