using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Get-VringCapture: shows the captures of this process.</summary>
[Cmdlet(VerbsCommon.Get, "VringCapture")]
[OutputType(typeof(VhostCaptureInfo))]
public sealed class GetVringCaptureCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Capture")]
    [ArgumentCompleter(typeof(CaptureNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public CaptureArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (CaptureArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostCapture capture in name.ResolveAll()) WriteObject(capture.Snapshot());
            }, name.Name);
        }
    }
}
