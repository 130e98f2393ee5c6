using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const int PROT_NONE = 0;
    private const int MAP_FIXED = 0x10;

    /// <summary>Addresses that nothing is mapped at and nothing else will be.</summary>
    public static byte* Reserve(ulong length) => Map(length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    /// <summary>Maps a file at an address inside a reservation.</summary>
    public static void MapAt(byte* address, ulong length, int protection, int fd, ulong offset) =>
        MapFixed(address, length, protection, MAP_SHARED | MAP_NORESERVE, fd, offset);

    /// <summary>Turns a part of a reservation back into nothing.</summary>
    public static void ReserveAt(byte* address, ulong length) => MapFixed(address, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    private static void MapFixed(byte* address, ulong length, int protection, int flags, int fd, ulong offset)
    {
        if (mmap((nint)address, (nuint)length, protection, flags | MAP_FIXED, fd, (long)offset) == -1)
            throw new LinuxException("mmap", Marshal.GetLastPInvokeError());
    }
}
