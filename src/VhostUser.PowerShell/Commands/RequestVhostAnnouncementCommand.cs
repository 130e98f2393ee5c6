using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Asks the guests of servers to announce themselves to their network, and waits until they did.</summary>
[Cmdlet(VerbsLifecycle.Request, "VhostAnnouncement", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RequestVhostAnnouncementCommand : VhostCmdlet
{
    /// <summary>The servers whose guests are asked: names, patterns or servers.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    public ServerArgument? Server { get; set; }

    /// <summary>How long to wait for each guest: seconds or a TimeSpan; 5 seconds when not given.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Asks the guests of one record.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (VhostServer server in Server!.ResolveAll())
        {
            if (ShouldProcess(server.Name, "Request announcement")) Guard(() => Request(server), server.Name);
        }
    }, Server);

    private void Request(VhostServer server) => WithProgress(
        $"Announcing the guest of '{server.Name}'", "waiting for its acknowledgement", Timeout, () => server.RequestAnnouncement(Timeout, Cancel));
}
