using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>
/// Signals and consumes eventfds without blocking. O_NONBLOCK does not suffice for those that a peer has too: it belongs to the
/// open file, and the peer may clear it, so each call looks first. What is left is a peer that wins the race between the two.
/// </summary>
internal static unsafe class EventFd
{
    /// <summary>Adds one to the counter; false when the peer's descriptor is full, closed or no eventfd.</summary>
    public static bool Signal(int fd)
    {
        if (!IsReady(fd, Libc.POLLOUT)) return false;
        ulong one = 1;
        return Libc.Write(fd, &one, sizeof(ulong)) == sizeof(ulong);
    }

    /// <summary>Takes the counter, 0 when nothing was signalled.</summary>
    public static ulong Consume(int fd)
    {
        if (!IsReady(fd, Libc.POLLIN)) return 0;
        ulong count = 0;
        return Libc.Read(fd, &count, sizeof(ulong)) > 0 ? count : 0;
    }

    private static bool IsReady(int fd, short events)
    {
        Span<pollfd> poll = [new pollfd { fd = fd, events = events }];
        return Libc.Poll(poll, 0) > 0;
    }
}
