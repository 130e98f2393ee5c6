using System.Runtime.InteropServices;
using VhostUser.Interop;

namespace VhostUser.Fuzz.Targets;

/// <summary>The peer's end of a socket pair: any bytes with any descriptors.</summary>
internal sealed unsafe partial class FuzzSocket(FileDescriptor socket) : IDisposable
{
    private const int Write = 1; // SHUT_WR
    private const int DontWait = 0x40;

    /// <summary>Sends bytes with descriptors at once; false when they were not taken.</summary>
    public bool Send(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> fds)
    {
        int space = fds.Length == 0 ? 0 : sizeof(cmsghdr) + (4 * fds.Length + 7 & ~7);
        byte* control = stackalloc byte[space];
        fixed (byte* p = bytes)
        {
            var vector = new iovec { iov_base = p, iov_len = (nuint)bytes.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
            if (space > 0)
            {
                message.msg_control = control;
                message.msg_controllen = (nuint)space;
                *(cmsghdr*)control = new cmsghdr { cmsg_len = (nuint)(sizeof(cmsghdr) + 4 * fds.Length), cmsg_level = 1 /* SOL_SOCKET */, cmsg_type = Libc.SCM_RIGHTS };
                fds.CopyTo(new Span<int>(control + sizeof(cmsghdr), fds.Length));
            }
            return Libc.SendMessage(socket.Number, &message) == bytes.Length;
        }
    }

    /// <summary>Throws away what was received; descriptors that came along are closed by the kernel.</summary>
    public void Drain()
    {
        byte* buffer = stackalloc byte[4096];
        while (recv(socket.Number, buffer, 4096, DontWait) > 0)
        {
        }
    }

    /// <summary>The same until the other end has closed.</summary>
    public void DrainToEnd()
    {
        byte* buffer = stackalloc byte[4096];
        do Libc.Poll([new pollfd { fd = socket.Number, events = Libc.POLLIN }], -1);
        while (recv(socket.Number, buffer, 4096, DontWait) > 0);
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => shutdown(socket.Number, Write);

    public void Dispose() => socket.Dispose();

    [LibraryImport("libc")]
    private static partial nint recv(int fd, void* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial int shutdown(int fd, int how);
}
