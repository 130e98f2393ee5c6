using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    // After EINTR Linux has closed the descriptor all the same: never call close twice (close(2)).
    public static bool Close(int fd) => close(fd) == 0;

    [LibraryImport(Library)]
    private static partial int close(int fd);
}
