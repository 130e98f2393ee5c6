using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_CLOEXEC = 0x80000;

    public static FileDescriptor Open(string path, int flags, uint mode = 0) => new(Check(open(path, flags | O_CLOEXEC, mode), $"open('{path}')"));

    // variadic in C: on the ABIs of x86-64 and arm64 Linux a third integer argument is passed alike.
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, uint mode);
}
