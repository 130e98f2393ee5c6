using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>struct tcp_info (linux/tcp.h), up to the last field that is used here.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
internal struct tcp_info
{
    [FieldOffset(60)] public uint tcpi_pmtu;
    [FieldOffset(100)] public uint tcpi_total_retrans;
}

internal static unsafe partial class Libc
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_INFO = 11;

    /// <summary>What the kernel knows of a TCP connection; false when the descriptor is none.</summary>
    public static bool TryGetTcpInfo(int fd, out tcp_info info)
    {
        tcp_info read = default;
        uint length = (uint)sizeof(tcp_info);
        bool found = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &read, &length) == 0 && length == sizeof(tcp_info);
        info = read;
        return found;
    }

    /// <summary>The ports of both ends of an internet socket; false when the descriptor is none, or not connected.</summary>
    public static bool TryGetPorts(int fd, out int local, out int remote)
    {
        byte* ours = stackalloc byte[28]; // struct sockaddr_in6, the larger of the two
        byte* theirs = stackalloc byte[28];
        uint oursLength = 28, theirsLength = 28;
        bool found = getsockname(fd, ours, &oursLength) == 0 && getpeername(fd, theirs, &theirsLength) == 0 && oursLength >= 16 && theirsLength >= 16;
        // The port stands behind the family in both kinds of address, in network order.
        local = found ? ours[2] << 8 | ours[3] : 0;
        remote = found ? theirs[2] << 8 | theirs[3] : 0;
        return found;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getpeername(int fd, byte* address, uint* length);
}
