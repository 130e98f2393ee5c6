using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    public const uint MFD_CLOEXEC = 1;
    public const uint MFD_ALLOW_SEALING = 2;
    public const uint MFD_HUGETLB = 4;

    /// <summary>log2 of the huge page size stands in bits 26 and up of the flags (memfd_create(2)).</summary>
    public const int MFD_HUGE_SHIFT = 26;

    public static FileDescriptor MemfdCreate(string name, uint flags) => new(Check(memfd_create(name, flags), "memfd_create"));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
