using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Bytes written or minus errno; EINTR is retried.</summary>
    public static long WriteVector(int fd, iovec* vector, int count)
    {
        while (true)
        {
            nint result = writev(fd, vector, count);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint writev(int fd, iovec* vector, int count);
}
