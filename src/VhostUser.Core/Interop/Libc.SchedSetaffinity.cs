using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Binds the calling thread to one core (0-based).</summary>
    public static void PinThread(int core)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(core);
        const int bytes = 128; // 1024 cores, the C library's cpu_set_t
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(core, bytes * 8);
        byte* mask = stackalloc byte[bytes];
        new Span<byte>(mask, bytes).Clear();
        mask[core / 8] = (byte)(1 << (core % 8));
        Check(sched_setaffinity(0, bytes, mask), "sched_setaffinity");
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sched_setaffinity(int pid, nuint size, byte* mask);
}
