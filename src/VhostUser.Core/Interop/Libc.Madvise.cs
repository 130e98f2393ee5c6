using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const int MADV_DONTFORK = 10;

    /// <summary>Keeps a mapping out of child processes: PowerShell starts them all the time.</summary>
    public static void KeepFromChildren(void* address, ulong length) => madvise(address, (nuint)length, MADV_DONTFORK);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int madvise(void* address, nuint length, int advice);
}
