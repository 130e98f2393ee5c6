using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int PROT_EXEC = 4;
    public const int MAP_SHARED = 1;
    public const int MAP_PRIVATE = 2;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_NORESERVE = 0x4000;

    public static byte* Map(ulong length, int protection, int flags, int fd, ulong offset)
    {
        nint address = mmap(0, (nuint)length, protection, flags, fd, (long)offset);
        return address != -1 ? (byte*)address : throw new LinuxException("mmap", Marshal.GetLastPInvokeError());
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);
}
