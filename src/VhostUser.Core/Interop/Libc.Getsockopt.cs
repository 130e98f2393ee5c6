using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>struct ucred: who is at the other end of a Unix socket.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ucred
{
    public int pid;
    public uint uid;
    public uint gid;
}

internal static unsafe partial class Libc
{
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;

    public static ucred GetPeerCredentials(int fd)
    {
        ucred credentials = default;
        uint length = (uint)sizeof(ucred);
        Check(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length), "getsockopt(SO_PEERCRED)");
        return credentials;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getsockopt(int fd, int level, int option, void* value, uint* length);
}
