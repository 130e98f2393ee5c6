using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void Listen(int fd, int backlog) => Check(listen(fd, backlog), "listen");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int listen(int fd, int backlog);
}
