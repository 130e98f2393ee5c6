using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>struct epoll_event: packed on x86-64 only (epoll_ctl(2)), so the layout is read through <see cref="Libc"/>.</summary>
internal readonly record struct EpollEvent(uint Events, int Fd);

internal static unsafe partial class Libc
{
    public const uint EPOLLIN = 1;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLERR = 8;
    public const uint EPOLLHUP = 16;
    public const uint EPOLLET = 1u << 31;

    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;

    private static readonly int s_eventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    public static FileDescriptor EpollCreate() => new(Check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));

    public static void EpollAdd(int epoll, int fd, uint events)
    {
        byte* e = stackalloc byte[16];
        *(uint*)e = events;
        *(ulong*)(e + s_eventSize - 8) = (uint)fd;
        Check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, e), "epoll_ctl(ADD)");
    }

    public static void EpollRemove(int epoll, int fd)
    {
        byte* e = stackalloc byte[16];
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, e);
    }

    /// <summary>Waits up to <paramref name="timeoutMilliseconds"/> (-1: for ever) and returns how many events were stored.</summary>
    public static int EpollWait(int epoll, Span<EpollEvent> events, int timeoutMilliseconds)
    {
        byte* raw = stackalloc byte[16 * events.Length];
        int count = timeoutMilliseconds == 0 ? epoll_poll(epoll, raw, events.Length, 0) : epoll_wait(epoll, raw, events.Length, timeoutMilliseconds);
        if (count < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? 0 : throw new LinuxException("epoll_wait", errno);
        }
        for (int i = 0; i < count; i++)
        {
            byte* e = raw + i * s_eventSize;
            events[i] = new EpollEvent(*(uint*)e, *(int*)(e + s_eventSize - 8));
        }
        return count;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, byte* e);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_wait(int epoll, byte* events, int capacity, int timeout);

    // A look without waiting returns at once: it may skip the switch to preemptive mode.
    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int epoll_poll(int epoll, byte* events, int capacity, int timeout);
}
