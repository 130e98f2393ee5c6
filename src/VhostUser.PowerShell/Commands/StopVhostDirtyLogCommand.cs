using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Stop-VhostDirtyLog: ends logging; marks that were not read are lost.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VhostDirtyLog", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClientInfo))]
public sealed class StopVhostDirtyLogCommand : VhostCmdlet
{
    /// <summary>The clients whose logs end.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    public ClientArgument? Client { get; set; }

    /// <summary>Writes a photograph of the client afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostClient client in Client!.ResolveAll())
        {
            if (ShouldProcess(client.Name, "Stop dirty log")) Guard(() => Stop(client), client.Name);
        }
    }, Client);

    private void Stop(VhostClient client)
    {
        WithProgress($"Stopping the dirty log of '{client.Name}'", "waiting for the back-end", null, () => client.StopDirtyLog(Cancel));
        if (PassThru) WriteObject(client.Snapshot());
    }
}
