using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.LabFiles;
using VhostUser.Labs;

namespace VhostUser.Commands;

/// <summary>Shows the labs of this process, or what they have made.</summary>
[Cmdlet(VerbsCommon.Get, "VhostLab", DefaultParameterSetName = "Lab")]
[OutputType(typeof(VhostLabInfo), ParameterSetName = ["Lab"])]
[OutputType(typeof(VhostLabItemInfo), ParameterSetName = ["Item"])]
public sealed class GetVhostLabCommand : VhostCmdlet
{
    /// <summary>Names or patterns; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LabNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public LabArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes one row for each thing that the lab has made.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Item")]
    public SwitchParameter Item { get; set; }

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (LabArgument name in Name)
        {
            Guard(() =>
            {
                foreach (RunningLab lab in name.ResolveAll())
                {
                    if (Item) WriteObject(lab.Snapshot().Items, enumerateCollection: true);
                    else WriteObject(lab.Snapshot());
                }
            }, name.Name);
        }
    }
}
