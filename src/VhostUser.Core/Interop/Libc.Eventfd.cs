using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const int EFD_NONBLOCK = 0x800;
    private const int EFD_CLOEXEC = 0x80000;

    /// <summary>An eventfd that never blocks and is not inherited by children.</summary>
    public static FileDescriptor EventFd() => new(Check(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);
}
