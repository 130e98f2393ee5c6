using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public static void Protect(void* address, ulong length, int protection) => Check(mprotect(address, (nuint)length, protection), "mprotect");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int mprotect(void* address, nuint length, int protection);
}
