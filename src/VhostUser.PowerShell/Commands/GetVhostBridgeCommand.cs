using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the bridges of this process, their ports, or the stations that they know.</summary>
[Cmdlet(VerbsCommon.Get, "VhostBridge", DefaultParameterSetName = "Bridge")]
[OutputType(typeof(VhostBridgeInfo), ParameterSetName = ["Bridge"])]
[OutputType(typeof(VhostBridgePortInfo), ParameterSetName = ["Port"])]
[OutputType(typeof(VhostBridgeStation), ParameterSetName = ["Station"])]
public sealed class GetVhostBridgeCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Bridge")]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public BridgeArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes one row per port instead of one per bridge.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Port")]
    public SwitchParameter Port { get; set; }

    /// <summary>Writes one row per station that the bridge knows: its MAC table.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Station")]
    [Alias("MacTable")]
    public SwitchParameter Station { get; set; }

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (BridgeArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostBridge bridge in name.ResolveAll()) Guard(() => Write(bridge.Snapshot()), bridge.Name);
            }, name.Name);
        }
    }

    private void Write(VhostBridgeInfo info)
    {
        if (Port) WriteObject(info.Ports, enumerateCollection: true);
        else if (Station) WriteObject(info.Stations, enumerateCollection: true);
        else WriteObject(info);
    }
}
