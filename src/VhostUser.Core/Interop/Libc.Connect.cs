using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>0, or errno: the caller knows which failures may be tried again.</summary>
    public static int Connect(int fd, string path)
    {
        sockaddr_un address = sockaddr_un.FromPath(path);
        return connect(fd, &address, sockaddr_un.Size) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int connect(int fd, sockaddr_un* address, uint length);
}
