using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void SetLength(int fd, long length) => Check(ftruncate(fd, length), "ftruncate");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ftruncate(int fd, long length);
}
