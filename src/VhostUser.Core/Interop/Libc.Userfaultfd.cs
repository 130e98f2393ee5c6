using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const uint UFFDIO_API = 0xc018aa3f;
    private const uint UFFDIO_REGISTER = 0xc020aa00;
    private const uint UFFDIO_UNREGISTER = 0x8010aa01;
    private const uint UFFDIO_COPY = 0xc028aa03;
    private const ulong UFFD_API = 0xaa;
    private const ulong UFFDIO_REGISTER_MODE_MISSING = 1;
    private const int MADV_POPULATE_WRITE = 23;

    /// <summary>A userfaultfd of this process, ready for ranges; the kernel may refuse it to users without rights.</summary>
    public static FileDescriptor UserFaultFd()
    {
        long number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 323 : 282;
        const long Flags = 0x80000 | O_NONBLOCK; // O_CLOEXEC
        var fd = new FileDescriptor((int)Check((long)syscall(number, Flags), "userfaultfd"));
        ulong* api = stackalloc ulong[3] { UFFD_API, 0, 0 }; // struct uffdio_api
        Ioctl(fd.Number, UFFDIO_API, api, "UFFDIO_API");
        return fd;
    }

    /// <summary>From now on a touch of a page of the range that its file does not have waits until somebody copies one there.</summary>
    public static void RegisterMissing(int fd, void* address, ulong length)
    {
        ulong* register = stackalloc ulong[4] { (ulong)address, length, UFFDIO_REGISTER_MODE_MISSING, 0 };
        Ioctl(fd, UFFDIO_REGISTER, register, "UFFDIO_REGISTER");
    }

    /// <summary>Ends that; whoever waits goes on with a page of zeros.</summary>
    public static void UnregisterMissing(int fd, void* address, ulong length)
    {
        ulong* range = stackalloc ulong[2] { (ulong)address, length };
        ioctl(fd, UFFDIO_UNREGISTER, range);
    }

    /// <summary>Puts a page where it is missing and wakes who waits for it.</summary>
    public static void CopyMissing(int fd, ulong address, void* source, ulong length)
    {
        ulong* copy = stackalloc ulong[5] { address, (ulong)source, length, 0, 0 };
        Ioctl(fd, UFFDIO_COPY, copy, "UFFDIO_COPY");
    }

    /// <summary>Makes all pages of a range present; waits, outside of managed code, for those that somebody else has to bring.</summary>
    public static int Populate(void* address, ulong length)
    {
        ulong start = (ulong)address & ~4095UL;
        ulong end = ((ulong)address + length + 4095) & ~4095UL;
        return madvise((void*)start, (nuint)(end - start), MADV_POPULATE_WRITE) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint syscall(long number, long argument);
}
