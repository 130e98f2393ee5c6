using System.Runtime.InteropServices;

namespace VhostUser.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct pollfd
{
    public int fd;
    public short events;
    public short revents;
}

internal static unsafe partial class Libc
{
    public const short POLLIN = 1;
    public const short POLLOUT = 4;
    public const short POLLERR = 8;
    public const short POLLHUP = 16;

    /// <summary>Waits for one of a few descriptors; returns how many are ready, 0 after the timeout or a signal.</summary>
    public static int Poll(Span<pollfd> descriptors, int timeoutMilliseconds)
    {
        fixed (pollfd* p = descriptors)
        {
            int result = poll(p, (uint)descriptors.Length, timeoutMilliseconds);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? 0 : throw new LinuxException("poll", errno);
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int poll(pollfd* descriptors, nuint count, int timeout);
}
