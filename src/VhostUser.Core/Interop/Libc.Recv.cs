using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const int MSG_PEEK = 2;

    /// <summary>1 when a byte waits at the socket, which stays there; 0 when the peer closed, or minus errno.</summary>
    public static long Peek(int fd)
    {
        byte first;
        while (true)
        {
            nint result = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint recv(int fd, void* buffer, nuint length, int flags);
}
