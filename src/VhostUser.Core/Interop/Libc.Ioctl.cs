using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void Ioctl(int fd, uint request, void* argument, string name) => Check(ioctl(fd, request, argument), $"ioctl({name})");

    /// <summary>An ioctl whose argument is a number; what it returns, or minus errno.</summary>
    public static int TryIoctl(int fd, uint request, nuint argument)
    {
        int result = ioctl(fd, request, (void*)argument);
        return result >= 0 ? result : -Marshal.GetLastPInvokeError();
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);
}
