using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Unmaps shared regions and removes their files and names.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostSharedRegion", SupportsShouldProcess = true)]
[OutputType(typeof(SharedRegionInfo))]
public sealed class RemoveVhostSharedRegionCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Region")]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public RegionArgument[] Name { get; set; } = [];

    /// <summary>Disconnects the clients that have rings in the region first.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes the last photograph of each region.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Removes what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (RegionArgument name in Name)
        {
            Guard(() =>
            {
                foreach (SharedRegion region in name.ResolveAll()) Guard(() => Remove(region), region.Name);
            }, name.Name);
        }
    }

    private void Remove(SharedRegion region)
    {
        if (!ShouldProcess(region.Name, "Remove shared region")) return;
        SharedRegionInfo last = region.Snapshot();
        if (Force)
        {
            foreach (string client in last.Clients) Disconnect(client);
        }
        LiveHandles.Regions.Close(region.Name, region);
        if (PassThru) WriteObject(last);
    }

    private void Disconnect(string name)
    {
        VhostClient client = LiveHandles.Clients.Get(name);
        LiveHandles.Clients.Close(name, client);
        WriteVerbose($"Disconnected client '{name}'.");
    }
}
