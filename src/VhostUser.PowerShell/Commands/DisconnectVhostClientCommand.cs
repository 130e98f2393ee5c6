using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Stops the rings of clients, closes their connections, and gives their memory back to the regions.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "VhostClient", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClientInfo))]
public sealed class DisconnectVhostClientCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Client")]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ClientArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each client.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Disconnects what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (ClientArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostClient client in name.ResolveAll()) Guard(() => Close(client), client.Name);
            }, name.Name);
        }
    }

    private void Close(VhostClient client)
    {
        if (!ShouldProcess($"{client.Name} at {client.Path}", "Disconnect client")) return;
        LiveHandles.Clients.Close(client.Name, client);
        if (PassThru) WriteObject(client.Snapshot());
    }
}
