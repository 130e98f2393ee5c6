using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>struct msghdr as the C library has it on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct msghdr
{
    public void* msg_name;
    public uint msg_namelen;
    public iovec* msg_iov;
    public nuint msg_iovlen;
    public void* msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}

/// <summary>struct cmsghdr; its data follows, aligned to 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct cmsghdr
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}

internal static unsafe partial class Libc
{
    public const int SCM_RIGHTS = 1;

    /// <summary>The kernel's limit of descriptors in one message (SCM_MAX_FD).</summary>
    public const int SCM_MAX_FD = 253;

    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_DONTWAIT = 0x40;

    /// <summary>Bytes sent or minus errno; never blocks and never raises SIGPIPE.</summary>
    public static long SendMessage(int fd, msghdr* message)
    {
        while (true)
        {
            nint result = sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint sendmsg(int fd, msghdr* message, int flags);
}
