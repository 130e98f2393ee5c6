using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>One piece of memory of a scattered read or write.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    public void* iov_base;
    public nuint iov_len;
}

internal static unsafe partial class Libc
{
    /// <summary>The most pieces one call takes (IOV_MAX).</summary>
    public const int IOV_MAX = 1024;

    /// <summary>Bytes read or minus errno; EINTR is retried.</summary>
    public static long ReadVector(int fd, iovec* vector, int count)
    {
        while (true)
        {
            nint result = readv(fd, vector, count);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint readv(int fd, iovec* vector, int count);
}
