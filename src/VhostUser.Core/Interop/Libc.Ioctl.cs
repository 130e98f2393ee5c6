using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void Ioctl(int fd, uint request, void* argument, string name) => Check(ioctl(fd, request, argument), $"ioctl({name})");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);
}
