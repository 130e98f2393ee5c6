using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Shows the shared regions of this process.</summary>
[Cmdlet(VerbsCommon.Get, "VhostSharedRegion")]
[OutputType(typeof(SharedRegionInfo))]
public sealed class GetVhostSharedRegionCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Region")]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public RegionArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (RegionArgument name in Name)
        {
            Guard(() =>
            {
                foreach (SharedRegion region in name.ResolveAll()) Guard(() => WriteObject(region.Snapshot()), region.Name);
            }, name.Name);
        }
    }
}
