using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Bytes written or minus errno; EINTR is retried.</summary>
    public static long Write(int fd, void* buffer, nuint length)
    {
        while (true)
        {
            nint result = write(fd, buffer, length);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint write(int fd, void* buffer, nuint length);
}
