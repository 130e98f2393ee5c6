using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>A pipe, both ends close-on-exec.</summary>
    public static (FileDescriptor Read, FileDescriptor Write) Pipe()
    {
        int* ends = stackalloc int[2];
        if (pipe2(ends, O_CLOEXEC) != 0) throw new LinuxException("pipe2", Marshal.GetLastPInvokeError());
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);
}
