using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>
/// Brings the pages of a region to a back-end that was given the region without them (vhost-user, post-copy): at once each page that it
/// touches, and meanwhile, one by one, all others. A thread of its own, for the back-end may be waiting for a page while anybody else
/// waits for the back-end.
/// </summary>
internal sealed unsafe class PostcopyFeed : IDisposable
{
    public const int PageSize = 4096;

    private readonly FileDescriptor _fault; // of the back-end's process
    private readonly ulong _start;          // of the region, there
    private readonly SharedRegion _source;
    private readonly FileDescriptor _stop = Libc.EventFd();
    private readonly Thread _thread;
    private readonly bool[] _there;
    private readonly Action _complete;
    private long _faults;
    private long _pages;
    private volatile bool _push;
    private volatile bool _stopping;
    private volatile string? _failure;

    /// <param name="fault">The back-end's userfaultfd, owned from now on.</param>
    /// <param name="start">Where the back-end has the region.</param>
    /// <param name="source">Where its pages are now.</param>
    /// <param name="name">For the thread.</param>
    /// <param name="complete">Called on the thread when every page is there.</param>
    public PostcopyFeed(FileDescriptor fault, ulong start, SharedRegion source, string name, Action complete)
    {
        _fault = fault;
        _start = start;
        _source = source;
        _complete = complete;
        _there = new bool[source.Size / PageSize];
        _thread = new Thread(Run) { IsBackground = true, Name = "vhost post-copy " + name };
        _thread.Start();
    }

    /// <summary>Pages that the back-end touched and waited for.</summary>
    public long Faults => Volatile.Read(ref _faults);

    /// <summary>Pages that were brought in all.</summary>
    public long Pages => Volatile.Read(ref _pages);

    /// <summary>Why no page is brought any more although some are missing, or null.</summary>
    public string? Failure => _failure;

    /// <summary>Whether the thread still works.</summary>
    public bool IsAlive => _thread.IsAlive;

    /// <summary>From now on pages are brought that nobody has touched, too; that comes to an end, and then post-copy does.</summary>
    public void PushAll()
    {
        _push = true;
        EventFd.Signal(_stop.Number);
    }

    public bool WaitForEnd(TimeSpan timeout) => _thread.Join(timeout);

    public void Dispose()
    {
        _stopping = true;
        EventFd.Signal(_stop.Number);
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId) _thread.Join();
        _stop.Dispose();
        _fault.Dispose();
    }

    private void Run()
    {
        try
        {
            Span<pollfd> poll = [new pollfd { fd = _fault.Number, events = Libc.POLLIN }, new pollfd { fd = _stop.Number, events = Libc.POLLIN }];
            int next = 0;
            while (!_stopping)
            {
                while (Libc.ReadFault(_fault.Number) is ulong address) AnswerFault(address);
                if (!_push)
                {
                    Libc.Poll(poll, -1);
                    EventFd.Consume(_stop.Number);
                }
                else if (next < _there.Length)
                {
                    Bring(next++); // one at a time, so that a page that is waited for comes before the rest
                }
                else
                {
                    _complete();
                    return;
                }
            }
        }
        catch (Exception error) when (error is LinuxException or VhostException or OperationCanceledException)
        {
            _failure = $"post-copy ended before every page was there: {error.Message}";
        }
    }

    private void AnswerFault(ulong address)
    {
        ulong page = (address - _start) / PageSize;
        if (page >= (ulong)_there.Length)
            throw new VhostException(VhostError.MemoryAddressInvalid, $"The back-end waits for a page at 0x{address:x}; its region begins at 0x{_start:x} and has {_source.Size:#,0} bytes.", "post-copy", "Its reply to SET_MEM_TABLE told another address.");
        Interlocked.Increment(ref _faults);
        Bring((int)page);
    }

    private void Bring(int page)
    {
        if (_there[page]) return;
        if (Libc.TryCopyMissing(_fault.Number, _start + (ulong)page * PageSize, (void*)(_source.MappingAddress + (ulong)page * PageSize), PageSize)) Interlocked.Increment(ref _pages);
        _there[page] = true;
    }
}
