using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>What fstat tells, from statx(2), whose layout is the same on every architecture.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct statx_t
{
    [FieldOffset(4)] public uint stx_blksize;
    [FieldOffset(28)] public ushort stx_mode;
    [FieldOffset(32)] public ulong stx_ino;
    [FieldOffset(40)] public ulong stx_size;
    [FieldOffset(136)] public uint stx_dev_major;
    [FieldOffset(140)] public uint stx_dev_minor;

    public readonly bool IsRegularFile => (stx_mode & 0xF000) == 0x8000;

    public readonly bool IsSocket => (stx_mode & 0xF000) == 0xC000;

    /// <summary>Whether two results are of the same file.</summary>
    public readonly bool IsSameFile(in statx_t other) =>
        stx_ino == other.stx_ino && stx_dev_major == other.stx_dev_major && stx_dev_minor == other.stx_dev_minor;
}

internal static unsafe partial class Libc
{
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7ff;

    public static statx_t Stat(int fd)
    {
        statx_t result = default;
        Check(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &result), "statx");
        return result;
    }

    /// <summary>The same by path, not following a symbolic link; false when nothing is there.</summary>
    public static bool TryStat(string path, out statx_t result)
    {
        statx_t found = default;
        bool exists = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) == 0;
        result = found;
        return exists;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, statx_t* buffer);
}
