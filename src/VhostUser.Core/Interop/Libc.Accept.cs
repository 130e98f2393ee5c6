using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>The next connection as a non-blocking, close-on-exec socket, or null when none waits.</summary>
    public static FileDescriptor? TryAccept(int fd)
    {
        int result = accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (result >= 0) return new FileDescriptor(result);
        int errno = Marshal.GetLastPInvokeError();
        // A connection that its peer gave up again, or that can't be had now (EMFILE), is no fault of the listener.
        return errno is Errno.EINVAL or 9 /* EBADF */ ? throw new LinuxException("accept4", errno) : null;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int accept4(int fd, void* address, uint* length, int flags);
}
