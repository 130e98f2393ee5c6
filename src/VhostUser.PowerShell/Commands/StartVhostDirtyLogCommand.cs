using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Start-VhostDirtyLog: makes the back-end of a client mark every page that it writes, as a live migration does.</summary>
[Cmdlet(VerbsLifecycle.Start, "VhostDirtyLog", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
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

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostClient client in Client!.ResolveAll())
        {
            if (ShouldProcess(client.Name, "Start dirty log")) Guard(() => client.StartDirtyLog(Notify, Cancel), client.Name);
        }
    }, Client);
}
