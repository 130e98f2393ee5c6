using System.Diagnostics;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>What the link does on the thread of its server or bridge.</summary>
public sealed partial class IbTransport : IWorkerMember
{
    // As long as this after the last frame the thread looks again at once: a wake-up costs more than a few looks.
    private static readonly TimeSpan s_spin = TimeSpan.FromMilliseconds(0.1);
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);

    private EventLoop? _loop;
    private FrameLink? _session;
    private LinkTerms? _terms;
    private TaskCompletionSource? _ended;
    private long _lastProgress;

    void IWorkerMember.Begin(EventLoop loop) => _loop = loop;

    TimeSpan? IWorkerMember.Work()
    {
        FrameLink? session = _session;
        if (session is null)
        {
            if (_end.Patience is null) return _end.Work() ? TimeSpan.Zero : null;
            _end.Wake();
            return _end.Patience;
        }
        bool progress = Poll() | _end.Work();
        TimeSpan wait = session.Beat();
        _probe?.Work(session);
        if (session.Fault is VhostException fault)
        {
            EndSession(fault);
            return TimeSpan.Zero;
        }
        if (progress) _lastProgress = Stopwatch.GetTimestamp();
        if (progress || Stopwatch.GetElapsedTime(_lastProgress) < s_spin || _probe is { IsLoading: true }) return TimeSpan.Zero;
        if (_end.Patience is TimeSpan patience)
        {
            _end.Wake();
            if (patience < wait) wait = patience;
        }
        if (session.Engine.WaitFd < 0) return s_moment;
        return session.Engine.TryWait() ? wait : TimeSpan.Zero;
    }

    void IWorkerMember.End(Exception? failure)
    {
        EndSession(failure is null ? null : failure as VhostException ?? new VhostException(VhostError.NativeCallFailed, $"Link '{Name}' failed: {failure.GetType().Name}: {failure.Message}", Name, "This is a defect of the module; please report it.", failure));
        _stop.Cancel();
        SetState(IbTransportState.Stopped);
    }

    /// <summary>Looks for what the fabric brought; true when there was something.</summary>
    internal bool Poll()
    {
        if (_session is null || !_session.Poll()) return false;
        _end.Wake();
        return true;
    }

    /// <summary>A session begins; called on the thread.</summary>
    private bool BeginSession(FrameLink session, LinkTerms terms, TaskCompletionSource ended)
    {
        if (_stop.IsCancellationRequested) return false;
        EndSession(null);
        CountLoss(terms.Peer);
        _session = session;
        _terms = terms;
        _ended = ended;
        _sessions++;
        _since = DateTimeOffset.Now;
        session.Answered = (number, time) => _probe?.Answer(number, time);
        if (session.Engine.WaitFd >= 0) _loop!.Watch(session.Engine.WaitFd, static () => { }); // waking up is all: Work looks
        _end.SessionChanged(session);
        SetState(IbTransportState.Up);
        return true;
    }

    /// <summary>The session ends: its endpoints are closed when this returns.</summary>
    private bool EndSession(VhostException? cause)
    {
        FrameLink? session = _session;
        if (session is null) return false;
        if (cause is not null) _fault = cause;
        _end.SessionChanged(null);
        if (session.Engine.WaitFd >= 0) _loop!.Unwatch(session.Engine.WaitFd);
        _session = null;
        _probe?.Fail(cause);
        Settle(session);
        session.Dispose();
        SetState(RestingState);
        _ended!.TrySetResult();
        return true;
    }
}
