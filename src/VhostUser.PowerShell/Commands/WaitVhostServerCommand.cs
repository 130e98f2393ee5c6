using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Waits until servers are in a state, by default until packets can move.</summary>
[Cmdlet(VerbsLifecycle.Wait, "VhostServer")]
[OutputType(typeof(VhostServerInfo))]
public sealed class WaitVhostServerCommand : VhostCmdlet
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Server")]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public ServerArgument[] Name { get; set; } = [];

    /// <summary>The states to wait for; one of them is enough.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public EndpointState[] State { get; set; } = [EndpointState.Running];

    /// <summary>How long to wait for all servers together, in seconds or as a TimeSpan; without it as long as it takes.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Timeout { get; set; }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Waits for what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (ServerArgument name in Name)
        {
            Guard(() =>
            {
                foreach (VhostServer server in name.ResolveAll()) Guard(() => Await(server), server.Name);
            }, name.Name);
        }
    }

    private void Await(VhostServer server)
    {
        // A server that ended comes to no other state any more.
        EndpointState[] states = [.. State, EndpointState.Stopped, EndpointState.Faulted];
        var progress = new ProgressRecord(1, $"Waiting for server '{server.Name}' to be {string.Join(" or ", State)}", "starting");
        bool shown = false;
        while (true)
        {
            TimeSpan left = Timeout is TimeSpan limit ? limit - Elapsed : TimeSpan.MaxValue;
            if (server.WaitFor(states, left < ProgressInterval ? left : ProgressInterval, Cancel)) break;
            if (left <= ProgressInterval && Timeout is TimeSpan over && Elapsed >= over) throw TimedOut(server, over);
            progress.StatusDescription = $"{server.State} at {server.Path}, {Elapsed.TotalSeconds:0} s";
            if (Timeout is TimeSpan all) progress.PercentComplete = (int)Math.Min(100, Elapsed / all * 100);
            WriteProgress(progress);
            shown = true;
        }
        if (shown)
        {
            progress.RecordType = ProgressRecordType.Completed;
            WriteProgress(progress);
        }
        VhostServerInfo info = server.Snapshot();
        if (info.State is EndpointState.Stopped or EndpointState.Faulted && !State.Contains(info.State))
            throw new VhostException(VhostError.HandleClosed, $"Server '{server.Name}' is {info.State}; it does not become {string.Join(" or ", State)}. {info.Fault}".TrimEnd(), server.Name,
                "Stop-VhostServer it and start it again.");
        WriteObject(info);
    }

    private VhostException TimedOut(VhostServer server, TimeSpan limit) => new(VhostError.PeerTimeout,
        $"Server '{server.Name}' is {server.State} after {limit.TotalSeconds:0.#} s; expected {string.Join(" or ", State)}.", server.Name,
        server.State switch
        {
            EndpointState.Listening => $"No front-end came: connect one to {server.Path}.",
            EndpointState.Connecting => $"No front-end listens: start one at {server.Path}.",
            EndpointState.Connected => "A front-end is there but its rings are not started: Get-VringState -Server " + server.Name + " tells what is missing.",
            _ => "Get-VhostServer shows its state.",
        });
}
