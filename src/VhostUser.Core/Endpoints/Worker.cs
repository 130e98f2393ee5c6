using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>
/// A thread, its event loop, and the endpoints it works for in turn. Whatever one worker serves (rings, sockets, memory tables) needs
/// no lock: a server alone has a worker of its own, the ports of a bridge share one, so that packets cross without leaving the thread.
/// </summary>
internal sealed class Worker
{
    private static readonly TimeSpan InvokeTimeout = TimeSpan.FromSeconds(5);

    private readonly Thread _thread;
    private readonly int? _core;
    private volatile IWorkerMember[] _members = [];
    private volatile bool _stopping;

    /// <param name="name">Name of the thread.</param>
    /// <param name="core">Core (0-based) that the thread is bound to, or null for any.</param>
    public Worker(string name, int? core)
    {
        _core = core;
        _thread = new Thread(Run) { IsBackground = true, Name = "vhost " + name };
    }

    public EventLoop Loop { get; } = new();

    /// <summary>Whether the thread is running.</summary>
    public bool IsAlive => _thread.IsAlive;

    /// <summary>Whether the caller is the thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _thread.ManagedThreadId;

    public void Start() => _thread.Start();

    /// <summary>Runs a function on the thread and returns its result.</summary>
    /// <exception cref="VhostException">ServerBusy: the thread did not come round in time.</exception>
    public T Invoke<T>(Func<T> function) => Loop.Invoke(function, InvokeTimeout);

    /// <summary>Takes a member in; to be called on the thread, or before it starts.</summary>
    public void Add(IWorkerMember member) => _members = [.. _members, member];

    /// <summary>Works for a member no longer, without ending it; to be called on the thread.</summary>
    public void Remove(IWorkerMember member) => _members = [.. _members.Where(other => other != member)];

    /// <summary>Ends all members and the thread. False when it did not come to an end in time: it is a background thread and can't hold the process.</summary>
    public bool Stop(TimeSpan timeout)
    {
        _stopping = true;
        Loop.Wake();
        if (!IsCurrent && _thread.IsAlive && !_thread.Join(timeout)) return false;
        Loop.Dispose();
        return true;
    }

    private void Run()
    {
        Exception? failure = null;
        try
        {
            if (_core is int core) Libc.PinThread(core);
            foreach (IWorkerMember member in _members) member.Begin(Loop);
            while (!_stopping) Loop.Wait(WorkAll());
        }
        catch (Exception error)
        {
            // A thread that throws would take the shell with it: the failure becomes its members' state.
            failure = error;
        }
        foreach (IWorkerMember member in _members) member.End(failure);
    }

    private TimeSpan? WorkAll()
    {
        TimeSpan? wait = null;
        foreach (IWorkerMember member in _members)
        {
            try
            {
                if (member.Work() is TimeSpan due && (wait is null || due < wait)) wait = due;
            }
            catch (Exception error)
            {
                Remove(member);
                member.End(error);
            }
        }
        return wait;
    }
}
