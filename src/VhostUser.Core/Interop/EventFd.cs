using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>Signals and consumes eventfds without ever blocking.</summary>
internal static unsafe class EventFd
{
    /// <summary>Adds one to the counter; false when the peer's descriptor is full, closed or no eventfd.</summary>
    public static bool Signal(int fd)
    {
        ulong one = 1;
        return Libc.Write(fd, &one, sizeof(ulong)) == sizeof(ulong);
    }

    /// <summary>Takes the counter, 0 when nothing was signalled.</summary>
    public static ulong Consume(int fd)
    {
        ulong count = 0;
        return Libc.Read(fd, &count, sizeof(ulong)) > 0 ? count : 0;
    }
}
