using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the clients of this process: state, peer, features, regions, counters.</summary>
[Cmdlet(VerbsCommon.Get, "VhostClient")]
[OutputType(typeof(VhostClientInfo))]
public sealed class GetVhostClientCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Client")]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ClientArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (ClientArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostClient client in name.ResolveAll()) Guard(() => WriteObject(client.Snapshot()), client.Name);
            }, name.Name);
        }
    }
}
