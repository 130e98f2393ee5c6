namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    private const uint UFFDIO_WAKE = 0x8010aa02;
    private const byte UFFD_EVENT_PAGEFAULT = 0x12;
    private const int UffdMessageSize = 32; // struct uffd_msg

    /// <summary>The address of the next touch of a missing page that waits, in the process of whoever made the descriptor; null when none does.</summary>
    /// <exception cref="LinuxException">That process has gone.</exception>
    public static ulong? ReadFault(int fd)
    {
        byte* message = stackalloc byte[UffdMessageSize];
        while (true)
        {
            long read = Read(fd, message, UffdMessageSize);
            if (read == -Errno.EAGAIN) return null;
            if (read < 0) throw new LinuxException("read", (int)-read);
            if (read != UffdMessageSize) return null;
            if (message[0] == UFFD_EVENT_PAGEFAULT) return *(ulong*)(message + 16);
        }
    }

    /// <summary>Puts a page where it is missing and wakes who waits for it; false when one is there already, which wakes, too.</summary>
    /// <exception cref="LinuxException">The range is not watched any more, or its process has gone.</exception>
    public static bool TryCopyMissing(int fd, ulong address, void* source, ulong length)
    {
        ulong* range = stackalloc ulong[2] { address, length };
        try
        {
            CopyMissing(fd, address, source, length);
            return true;
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            ioctl(fd, UFFDIO_WAKE, range);
            return false;
        }
    }
}
