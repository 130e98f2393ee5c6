using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Stops servers: ends their sessions and removes their socket files.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VhostServer", SupportsShouldProcess = true)]
[OutputType(typeof(VhostServerInfo))]
public sealed class StopVhostServerCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Server")]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ServerArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each server.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Stops what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (ServerArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostServer server in name.ResolveAll()) Guard(() => Close(server), server.Name);
            }, name.Name);
        }
    }

    private void Close(VhostServer server)
    {
        if (!ShouldProcess($"{server.Name} at {server.Path}", "Stop server")) return;
        LiveHandles.Servers.Close(server.Name, server);
        if (PassThru) WriteObject(server.Snapshot());
    }
}
