using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>What cmdlets share that change the regions of a live client.</summary>
public abstract class ClientRegionCmdlet : VhostCmdlet
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

    /// <summary>Writes a photograph of the client afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        VhostClient client = Client!.Resolve();
        foreach (SharedRegion region in Region.SelectMany(region => region.ResolveAll())) Guard(() => Change(client, region), region.Name);
    }, Client);

    private void Change(VhostClient client, SharedRegion region)
    {
        if (!ShouldProcess(client.Name, $"{ActionName} '{region.Name}'")) return;
        WithProgress($"{ActionName} '{region.Name}'", $"waiting for the back-end of '{client.Name}'", null, () => Apply(client, region));
        if (PassThru) WriteObject(client.Snapshot());
    }

    /// <summary>What -WhatIf says is done to a region.</summary>
    private protected abstract string ActionName { get; }

    /// <summary>Does it.</summary>
    private protected abstract void Apply(VhostClient client, SharedRegion region);
}
