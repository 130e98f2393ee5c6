using System.Collections.Concurrent;
using System.Diagnostics;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>
/// Watches descriptors and runs what other threads ask for, all on the one thread that calls <see cref="Wait"/>: rings, memory
/// table and control socket of a session need no lock because nobody else touches them.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly FileDescriptor _epoll = Libc.EpollCreate();
    private readonly FileDescriptor _wake = Libc.EventFd();
    private readonly Dictionary<int, Action> _handlers = [];
    private readonly ConcurrentQueue<Action> _requests = new();
    private readonly EpollEvent[] _events = new EpollEvent[64];
    private int _thread = -1;

    public EventLoop() => Libc.EpollAdd(_epoll.Number, _wake.Number, Libc.EPOLLIN);

    /// <summary>Calls <paramref name="handler"/> whenever the descriptor is readable.</summary>
    /// <exception cref="LinuxException">The descriptor is of a kind that can't be watched.</exception>
    public void Watch(int fd, Action handler, uint events = Libc.EPOLLIN)
    {
        Libc.EpollAdd(_epoll.Number, fd, events);
        _handlers[fd] = handler;
    }

    /// <summary>Stops watching; call it before the descriptor is closed.</summary>
    public void Unwatch(int fd)
    {
        if (_handlers.Remove(fd)) Libc.EpollRemove(_epoll.Number, fd);
    }

    /// <summary>Waits up to the time given (null: for ever; zero: only looks) and runs what is due.</summary>
    public void Wait(TimeSpan? timeout)
    {
        _thread = Environment.CurrentManagedThreadId;
        int milliseconds = timeout is TimeSpan time ? (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue) : -1;
        int count = Libc.EpollWait(_epoll.Number, _events, milliseconds);
        for (int i = 0; i < count; i++)
        {
            int fd = _events[i].Fd;
            if (fd == _wake.Number) EventFd.Consume(fd);
            else if (_handlers.TryGetValue(fd, out Action? handler)) handler(); // an earlier handler may have removed it
        }
        while (_requests.TryDequeue(out Action? request)) request();
    }

    /// <summary>Wakes the loop from another thread.</summary>
    public void Wake() => EventFd.Signal(_wake.Number);

    /// <summary>Runs a function on the loop's thread and returns its result.</summary>
    /// <exception cref="VhostException">ServerBusy: the loop did not come round in time.</exception>
    public T Invoke<T>(Func<T> function, TimeSpan timeout) => TryInvoke(function, null, timeout, out T? result) ? result!
        : throw new VhostException(VhostError.ServerBusy, $"The server's thread did not answer within {timeout.TotalSeconds:0.#} s.", null,
            "A packet script that runs long keeps it busy: wait for it, or stop the server with Stop-VhostServer.");

    /// <summary>Looks at something on the loop's thread, or in its place while it is away; false when it did not come round in time.</summary>
    /// <param name="function">Only looks: it may run twice.</param>
    /// <param name="absence">Says when the loop's thread is away; null for a function that does more than look, which then runs once.</param>
    /// <param name="timeout">How long to wait for the thread.</param>
    /// <param name="result">What the function returned.</param>
    public bool TryInvoke<T>(Func<T> function, Absence? absence, TimeSpan timeout, out T? result)
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            result = function();
            return true;
        }
        if (absence is not null && absence.TryLook(function, out result)) return true;
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Enqueue(() =>
        {
            try { done.SetResult(function()); }
            catch (Exception error) { done.SetException(error); }
        });
        Wake();
        try
        {
            long start = Stopwatch.GetTimestamp();
            while (!done.Task.Wait(LookInterval))
            {
                // It may have left before it came to the request.
                result = default;
                if (absence is not null && absence.TryLook(function, out result)) return true;
                if (Stopwatch.GetElapsedTime(start) > timeout) return false;
            }
            result = done.Task.Result;
            return true;
        }
        catch (AggregateException error) when (error.InnerException is VhostException inner)
        {
            throw inner;
        }
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }
}
