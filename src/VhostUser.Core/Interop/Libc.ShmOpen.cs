using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Opens a named POSIX shared memory object; glibc's shm_open always sets close-on-exec.</summary>
    public static FileDescriptor ShmOpen(string name, int flags, uint mode) => new(Check(shm_open(name, flags | O_CLOEXEC, mode), $"shm_open('{name}')"));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int shm_open(string name, int flags, uint mode);
}
