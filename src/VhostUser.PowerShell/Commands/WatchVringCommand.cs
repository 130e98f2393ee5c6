using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Watching;

namespace VhostUser.Commands;

/// <summary>Watch-Vring: draws rings, rates and verdicts live in the terminal; writes plain lines where there is none.</summary>
[Cmdlet(VerbsCommon.Watch, "Vring", DefaultParameterSetName = AnySet)]
[OutputType(typeof(string))]
public sealed class WatchVringCommand : EndpointCmdlet
{
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);

    private readonly List<RingWatcher> _watchers = [];

    /// <summary>Time between two frames: seconds or a TimeSpan, at least 0.1 s; half a second when not given.</summary>
    [Parameter(Position = 1)]
    [Timeout]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Frames to show; without it and -Duration the picture goes on until q or Ctrl+C.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>How long to watch: seconds or a TimeSpan.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Duration { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() => _watchers.AddRange(Endpoints().Select(endpoint => new RingWatcher(endpoint))));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_watchers.Count > 0) Guard(Watch);
    }

    private void Watch()
    {
        if (Interval < s_least)
            throw new VhostException(VhostError.InvalidArgument, $"-Interval is {Interval.TotalSeconds:0.###} s; expected at least {s_least.TotalSeconds} s.", nameof(Interval), "A terminal shows at most ten frames a second.");
        LiveTerminal? terminal = LiveTerminal.TryOpen(this);
        if (terminal is null) ForEachFrame((frame, _) => Array.ForEach([.. WatchFrame.PlainLines(frame, DateTimeOffset.Now)], WriteObject), static () => false);
        else WatchLive(terminal);
    }

    private void WatchLive(LiveTerminal terminal)
    {
        string[] last = [];
        using (var screen = new LiveScreen(LiveTerminal.Output))
        {
            ForEachFrame((frame, shown) =>
            {
                (int width, int height) = terminal.Size;
                last = new WatchFrame(width, height, terminal.Style).Lines(frame, DateTimeOffset.Now, $"frame {shown}, every {Interval.TotalSeconds:0.###} s; q ends");
                screen.Draw(last);
            }, terminal.QuitPressed);
        }
        foreach (string line in last) WriteObject(line); // the last picture stays in the scrollback
    }

    private void ForEachFrame(Action<IReadOnlyList<WatchedEndpoint>, int> show, Func<bool> quit)
    {
        long start = Stopwatch.GetTimestamp();
        for (int shown = 1; ; shown++)
        {
            TimeSpan at = Stopwatch.GetElapsedTime(start);
            show([.. _watchers.Select(watcher => watcher.Look(Stopwatch.GetElapsedTime(start)))], shown);
            TimeSpan next = at + Interval;
            if (shown == Count || next > Duration) return;
            while (Stopwatch.GetElapsedTime(start) is TimeSpan now && now < next)
            {
                if (quit()) return;
                // Short waits, so that a key is seen soon.
                TimeSpan wait = next - now < s_least ? next - now : s_least;
                if (Cancel.WaitHandle.WaitOne(wait)) throw new OperationCanceledException(Cancel);
            }
        }
    }
}
