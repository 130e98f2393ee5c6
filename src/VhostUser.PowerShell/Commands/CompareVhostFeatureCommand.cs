using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Tells whether two ends can talk, before they are connected, and what blocks them.</summary>
[Cmdlet(VerbsData.Compare, "VhostFeature")]
[OutputType(typeof(FeatureComparison))]
public sealed class CompareVhostFeatureCommand : VhostCmdlet
{
    /// <summary>One end: a server or client, a known program, or features.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(FeatureEndCompleter))]
    public FeatureEnd? Left { get; set; }

    /// <summary>The other end.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(FeatureEndCompleter))]
    public FeatureEnd? Right { get; set; }

    /// <summary>Writes only what blocks the two or limits them.</summary>
    [Parameter]
    public SwitchParameter Blocking { get; set; }

    /// <summary>Compares two ends.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (FeatureComparison row in FeatureComparison.Compare(Left!.Resolve(), Right!.Resolve()))
            if (!Blocking || row.Result >= FeatureResult.Limited) WriteObject(row);
    });
}
