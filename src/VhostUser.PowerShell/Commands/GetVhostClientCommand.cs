using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the clients of this process: state, peer, features, regions, counters.</summary>
[Cmdlet(VerbsCommon.Get, "VhostClient", DefaultParameterSetName = "Client")]
[OutputType(typeof(VhostClientInfo), ParameterSetName = ["Client"])]
[OutputType(typeof(VhostMessageInfo), ParameterSetName = ["Message"])]
public sealed class GetVhostClientCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Client")]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ClientArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes the messages of the session instead, with their replies: the handshake, and what came after it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Message")]
    public SwitchParameter Message { get; set; }

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (ClientArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostClient client in name.ResolveAll()) Guard(() => Write(client), client.Name);
            }, name.Name);
        }
    }

    private void Write(VhostClient client)
    {
        if (Message) WriteObject(client.GetMessages(), enumerateCollection: true);
        else WriteObject(client.Snapshot());
    }
}
