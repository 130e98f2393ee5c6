using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the servers of this process: state, peer, features, regions, counters.</summary>
[Cmdlet(VerbsCommon.Get, "VhostServer")]
[OutputType(typeof(VhostServerInfo))]
public sealed class GetVhostServerCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Server")]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ServerArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (ServerArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostServer server in name.ResolveAll()) Guard(() => WriteObject(server.Snapshot()), server.Name);
            }, name.Name);
        }
    }
}
