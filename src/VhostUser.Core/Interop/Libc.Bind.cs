using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void Bind(int fd, string path)
    {
        sockaddr_un address = sockaddr_un.FromPath(path);
        Check(bind(fd, &address, sockaddr_un.Size), "bind");
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int bind(int fd, sockaddr_un* address, uint length);
}
