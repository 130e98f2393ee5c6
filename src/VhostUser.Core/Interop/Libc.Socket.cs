using System.Runtime.InteropServices;
using System.Text;

namespace VhostUser.Interop;

/// <summary>struct sockaddr_un: a path of at most 107 bytes and its zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sockaddr_un
{
    public const int PathCapacity = 108;
    public const int Size = 2 + PathCapacity;

    public ushort sun_family;
    public fixed byte sun_path[PathCapacity];

    public static sockaddr_un FromPath(string path)
    {
        int length = Encoding.UTF8.GetByteCount(path);
        if (length >= PathCapacity)
        {
            throw new VhostException(VhostError.SocketPathTooLong,
                $"Socket path '{path}' is {length} bytes long; a Unix socket path holds at most {PathCapacity - 1}.", path,
                "Use a shorter path, or a relative one.");
        }
        sockaddr_un address = default;
        address.sun_family = Libc.AF_UNIX;
        Encoding.UTF8.GetBytes(path, new Span<byte>(address.sun_path, PathCapacity));
        return address;
    }
}

internal static unsafe partial class Libc
{
    public const int AF_UNIX = 1;
    private const int SOCK_STREAM = 1;
    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;

    /// <summary>A non-blocking Unix stream socket that children do not inherit.</summary>
    public static FileDescriptor UnixSocket() => new(Check(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);
}
