using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the servers of this process: state, peer, features, regions, counters.</summary>
[Cmdlet(VerbsCommon.Get, "VhostServer", DefaultParameterSetName = "Server")]
[OutputType(typeof(VhostServerInfo), ParameterSetName = ["Server"])]
[OutputType(typeof(VhostMessageInfo), ParameterSetName = ["Message"])]
public sealed class GetVhostServerCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Server")]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ServerArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes the messages of the session instead, with their replies: the handshake, and what came after it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Message")]
    public SwitchParameter Message { get; set; }

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (ServerArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostServer server in name.ResolveAll()) Guard(() => Write(server), server.Name);
            }, name.Name);
        }
    }

    private void Write(VhostServer server)
    {
        if (Message) WriteObject(server.GetMessages(), enumerateCollection: true);
        else WriteObject(server.Snapshot());
    }
}
