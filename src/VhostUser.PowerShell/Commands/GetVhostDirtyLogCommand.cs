using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Get-VhostDirtyLog: the pages that a back-end wrote since the log was started or read; reading clears their marks.</summary>
[Cmdlet(VerbsCommon.Get, "VhostDirtyLog")]
[OutputType(typeof(DirtyRange))]
public sealed class GetVhostDirtyLogCommand : VhostCmdlet
{
    /// <summary>The client that owns the log.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>How long to wait for the back-end to log something: seconds or a TimeSpan. The log must have been started with -Notify.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        VhostClient client = Client!.Resolve();
        if (Timeout is TimeSpan timeout)
            WithProgress($"Reading the dirty log of '{client.Name}'", "waiting for the back-end to write", timeout, () => client.WaitForDirtyPages(timeout, Cancel));
        foreach (DirtyRange range in client.ReadDirtyLog()) WriteObject(range);
    }, Client);
}
