using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Start-VhostDirtyLog: makes the back-end of a client mark every page that it writes, as a live migration does.</summary>
[Cmdlet(VerbsLifecycle.Start, "VhostDirtyLog", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClientInfo))]
public sealed class StartVhostDirtyLogCommand : VhostCmdlet
{
    /// <summary>The clients whose back-ends log.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    public ClientArgument? Client { get; set; }

    /// <summary>Lets the back-end signal when it has logged something, so that Get-VhostDirtyLog -Timeout can wait for it.</summary>
    [Parameter]
    public SwitchParameter Notify { get; set; }

    /// <summary>Writes a photograph of the client afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostClient client in Client!.ResolveAll())
        {
            if (ShouldProcess(client.Name, "Start dirty log")) Guard(() => Start(client), client.Name);
        }
    }, Client);

    private void Start(VhostClient client)
    {
        WithProgress($"Starting the dirty log of '{client.Name}'", "waiting for the back-end", null, () => client.StartDirtyLog(Notify, Cancel));
        if (PassThru) WriteObject(client.Snapshot());
    }
}
