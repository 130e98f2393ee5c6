using System.Runtime.InteropServices;

namespace VhostUser.Tests.Peers;

/// <summary>Eventfds as a hostile peer makes them; the product itself makes non-blocking ones only.</summary>
internal static partial class NativeEventFd
{
    private const int SetStatusFlags = 4; // F_SETFL

    public static int Create(uint initial, int flags) => eventfd(initial, flags);

    public static void SetFlags(int fd, int flags) => fcntl(fd, SetStatusFlags, flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}
