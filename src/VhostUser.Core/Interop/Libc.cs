using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Every native function has a file of its own and keeps its C name; callers never see -1.
[assembly: DisableRuntimeMarshalling]

namespace VhostUser.Interop;

/// <summary>The libc functions this product calls. Each is private; the wrapper beside it hides errno and handles.</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    /// <summary>Turns a -1 return into a <see cref="LinuxException"/> that names the function.</summary>
    private static int Check(int result, string function) => result >= 0 ? result : throw new LinuxException(function, Marshal.GetLastPInvokeError());

    private static long Check(long result, string function) => result >= 0 ? result : throw new LinuxException(function, Marshal.GetLastPInvokeError());
}
