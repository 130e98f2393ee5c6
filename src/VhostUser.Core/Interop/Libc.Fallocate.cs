using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Takes the pages of a file now, so that a lack of memory is an error here and no fault later.</summary>
    public static void Allocate(int fd, long length) => Check(fallocate(fd, 0, 0, length), "fallocate");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(int fd, int mode, long offset, long length);
}
