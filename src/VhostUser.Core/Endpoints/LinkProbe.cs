using System.Diagnostics;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// One measurement: round trips one after the other, then as many bytes as go through in a time. It shares the link with the guests.
/// All but <see cref="Done"/> and <see cref="Progress"/> is used by the link's thread.
/// </summary>
internal sealed class LinkProbe(int roundTrips, TimeSpan load)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly List<TimeSpan> _times = new(roundTrips);
    private ulong _asked;      // number of the last question
    private ulong _answered;
    private long _askedAt;
    private long _loadStart;
    private long _loadBytes;
    private TimeSpan _loadTime;
    private double _progress;

    /// <summary>Ends when the measurement does, in failure when the link broke.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How far it is, from 0 to 1.</summary>
    public double Progress => Volatile.Read(ref _progress);

    /// <summary>Whether the thread must not sleep.</summary>
    public bool IsLoading { get; private set; }

    /// <summary>Round trips, in the order they were made.</summary>
    public IReadOnlyList<TimeSpan> Times => _times;

    /// <summary>Questions that were not answered in time.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Bytes that the other end took.</summary>
    public long LoadBytes => _loadBytes;

    /// <summary>Time in which it did.</summary>
    public TimeSpan LoadTime => _loadTime;

    public void Answer(ulong number, TimeSpan time)
    {
        if (number != _asked) return; // too late
        _answered = number;
        _times.Add(time);
    }

    public void Fail(VhostException? cause) => Done.TrySetException(new VhostException(VhostError.LinkDown, $"The link went down while it was measured{(cause is null ? "." : ": " + cause.Message)}", "link", "Measure again when Get-IbTransport shows it up.", cause));

    public void Work(FrameLink session)
    {
        if (Done.Task.IsCompleted) return;
        FrameChannel channel = session.Channels[0];
        if (_times.Count + Unanswered < roundTrips) Ask(channel);
        else if (load > TimeSpan.Zero && _loadTime == TimeSpan.Zero) Load(channel);
        else Done.TrySetResult();
        double asked = roundTrips == 0 ? 1 : (double)(_times.Count + Unanswered) / roundTrips;
        double loaded = _loadStart == 0 ? 0 : Math.Min(1, Stopwatch.GetElapsedTime(_loadStart) / load);
        Volatile.Write(ref _progress, load > TimeSpan.Zero ? 0.3 * asked + 0.7 * loaded : asked);
    }

    private void Ask(FrameChannel channel)
    {
        if (_asked != _answered)
        {
            if (Stopwatch.GetElapsedTime(_askedAt) < s_patience) return;
            Unanswered++;
            _answered = _asked;
        }
        _askedAt = Stopwatch.GetTimestamp();
        // Without a credit the next round tries again.
        if (channel.TrySendControl(FrameType.Ping, new Probe { Stamp = (ulong)_askedAt, Number = _asked + 1 }, Probe.Size)) _asked++;
    }

    private void Load(FrameChannel channel)
    {
        if (_loadStart == 0) _loadStart = Stopwatch.GetTimestamp();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_loadStart);
        IsLoading = elapsed < load;
        if (IsLoading)
        {
            while (channel.TrySendLoad()) _loadBytes += channel.LoadFrameBytes;
            return;
        }
        // What the other end took is what counts: all but the control frames of this moment.
        if (channel.Credits < ChannelOptions.ReceiveFrames - ChannelOptions.Reserve && elapsed < load + s_patience) return;
        _loadTime = elapsed;
    }
}
