using System.Runtime.InteropServices;
using VhostUser.Interop;

namespace VhostUser.Tests.Peers;

/// <summary>Descriptors as a hostile peer makes and treats them; the product itself makes non-blocking eventfds only.</summary>
internal static unsafe partial class NativeFd
{
    private const int SetStatusFlags = 4;         // F_SETFL
    private const nuint UnreadByPeer = 0x5411;    // SIOCOUTQ

    public static FileDescriptor EventFd(int flags) => new(eventfd(0, flags));

    public static (FileDescriptor Read, FileDescriptor Write) Pipe()
    {
        int* ends = stackalloc int[2];
        if (pipe(ends) != 0) throw new LinuxException("pipe", Marshal.GetLastPInvokeError());
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    /// <summary>Makes the open file blocking, for everybody who has a descriptor of it.</summary>
    public static void MakeBlocking(int fd) => fcntl(fd, SetStatusFlags, 0);

    /// <summary>Bytes sent to a socket that the peer has not read.</summary>
    public static int Unread(int fd)
    {
        int bytes = 0;
        return ioctl(fd, UnreadByPeer, &bytes) == 0 ? bytes : throw new LinuxException("ioctl", Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe(int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, int* argument);
}
