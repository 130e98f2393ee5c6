using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Stop-VhostDirtyLog: ends logging; marks that were not read are lost.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VhostDirtyLog", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class StopVhostDirtyLogCommand : VhostCmdlet
{
    /// <summary>The clients whose logs end.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    public ClientArgument? Client { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostClient client in Client!.ResolveAll())
        {
            if (ShouldProcess(client.Name, "Stop dirty log")) Guard(() => client.StopDirtyLog(Cancel), client.Name);
        }
    }, Client);
}
