using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public const int MSG_CTRUNC = 8;

    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>Bytes received, 0 when the peer closed, or minus errno; received descriptors are close-on-exec.</summary>
    public static long ReceiveMessage(int fd, msghdr* message)
    {
        while (true)
        {
            nint result = recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint recvmsg(int fd, msghdr* message, int flags);
}
