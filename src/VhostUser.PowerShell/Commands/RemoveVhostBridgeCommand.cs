using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Removes bridges; their servers go back to their own modes.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostBridge", SupportsShouldProcess = true)]
[OutputType(typeof(VhostBridgeInfo))]
public sealed class RemoveVhostBridgeCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Bridge")]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public BridgeArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each bridge.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Removes what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (BridgeArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostBridge bridge in name.ResolveAll()) Guard(() => Remove(bridge), bridge.Name);
            }, name.Name);
        }
    }

    private void Remove(VhostBridge bridge)
    {
        if (!ShouldProcess(bridge.Name, "Remove bridge")) return;
        VhostBridgeInfo last = bridge.Snapshot();
        LiveHandles.Bridges.Close(bridge.Name, bridge);
        if (PassThru) WriteObject(last);
    }
}
