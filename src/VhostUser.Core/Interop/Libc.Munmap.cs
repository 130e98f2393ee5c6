using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static bool Unmap(void* address, ulong length) => munmap(address, (nuint)length) == 0;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}
