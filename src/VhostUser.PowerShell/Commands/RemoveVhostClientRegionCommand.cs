using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Remove-VhostClientRegion: takes regions back from the back-end of a client, while its rings run.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostClientRegion", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveVhostClientRegionCommand : VhostCmdlet
{
    /// <summary>The client: its name or the client.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>Regions by name, pattern or as objects.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public RegionArgument[] Region { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        VhostClient client = Client!.Resolve();
        foreach (SharedRegion region in Region.SelectMany(region => region.ResolveAll()))
        {
            if (ShouldProcess(client.Name, "Take back shared region '" + region.Name + "'")) Guard(() => client.RemoveRegion(region, Cancel), region.Name);
        }
    }, Client);
}
