using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public const int F_SEAL_SEAL = 1;
    public const int F_SEAL_SHRINK = 2;
    public const int F_SEAL_GROW = 4;
    public const int O_ACCMODE = 3;
    public const int O_NONBLOCK = 0x800;

    private const int F_GETFL = 3;
    private const int F_SETFL = 4;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    public static int DuplicateCloseOnExec(int fd) => Check(fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl(F_DUPFD_CLOEXEC)");

    /// <summary>The file status flags, O_ACCMODE among them.</summary>
    public static int GetStatusFlags(int fd) => Check(fcntl(fd, F_GETFL, 0), "fcntl(F_GETFL)");

    public static void SetNonBlocking(int fd) => Check(fcntl(fd, F_SETFL, GetStatusFlags(fd) | O_NONBLOCK), "fcntl(F_SETFL)");

    /// <summary>The seals of a memfd, or -1 for a file that cannot have any.</summary>
    public static int GetSeals(int fd) => fcntl(fd, F_GET_SEALS, 0);

    /// <summary>Adds seals; false when the file cannot be sealed (no memfd, or F_SEAL_SEAL is set).</summary>
    public static bool TryAddSeals(int fd, int seals) => fcntl(fd, F_ADD_SEALS, seals) == 0;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}
