using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>A Unix socket that sends any bytes with any descriptors and reads messages without checking them.</summary>
internal sealed unsafe class RawSocket(FileDescriptor socket) : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public int Fd => socket.Number;

    public static RawSocket Connect(string path)
    {
        FileDescriptor socket = Libc.UnixSocket();
        long start = Stopwatch.GetTimestamp();
        int errno;
        while ((errno = Libc.Connect(socket.Number, path)) == Errno.EAGAIN && Stopwatch.GetElapsedTime(start) < Patience) Thread.Yield();
        if (errno == 0) return new RawSocket(socket);
        socket.Dispose();
        throw new LinuxException("connect", errno);
    }

    /// <summary>Sends all bytes, the descriptors with the first of them; false when the peer closed, or took nothing within the time.</summary>
    public bool Send(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> fds = default, TimeSpan? patience = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (bytes.Length > 0)
        {
            long sent = SendOnce(bytes, fds);
            if (sent > 0)
            {
                bytes = bytes[(int)sent..];
                fds = default;
                continue;
            }
            if (sent != -Errno.EAGAIN) return sent is -Errno.EPIPE or -Errno.ECONNRESET ? false : throw new LinuxException("sendmsg", (int)-sent);
            if (Stopwatch.GetElapsedTime(start) > (patience ?? Patience)) return false;
            Libc.Poll([new pollfd { fd = Fd, events = Libc.POLLOUT }], 20);
        }
        return true;
    }

    /// <summary>The next message, or null when the peer closed.</summary>
    /// <exception cref="TimeoutException">Nothing, or only part of a message, came in time.</exception>
    public RawMessage? Receive(TimeSpan? timeout = null)
    {
        long start = Stopwatch.GetTimestamp();
        var fds = new List<FileDescriptor>();
        byte[] header = new byte[MessageHeader.Size];
        if (!Fill(header, fds, start, timeout ?? Patience)) return null;
        byte[] payload = new byte[Math.Min(BitConverter.ToUInt32(header, 8), 1 << 16)];
        if (!Fill(payload, fds, start, timeout ?? Patience)) return null;
        return new RawMessage(header, payload, fds);
    }

    /// <summary>Reads until the peer closes; false when it did not in time. What it said meanwhile is thrown away.</summary>
    public bool WaitForClose(TimeSpan? timeout = null)
    {
        long start = Stopwatch.GetTimestamp();
        byte[] buffer = new byte[4096];
        var fds = new List<FileDescriptor>();
        while (true)
        {
            long result = ReceiveOnce(buffer, fds);
            foreach (FileDescriptor fd in fds) fd.Dispose();
            fds.Clear();
            if (result is 0 or -Errno.ECONNRESET) return true;
            if (result > 0) continue;
            if (result != -Errno.EAGAIN) throw new LinuxException("recvmsg", (int)-result);
            if (Stopwatch.GetElapsedTime(start) > (timeout ?? Patience)) return false;
            Libc.Poll([new pollfd { fd = Fd, events = Libc.POLLIN }], 20);
        }
    }

    /// <summary>Waits until the peer has read all that was sent, or has closed; false when it did neither in time.</summary>
    public bool WaitUntilRead() => RawFrontEnd.WaitUntil(() => NativeFd.Unread(Fd) == 0);

    public void Dispose() => socket.Dispose();

    private bool Fill(Span<byte> target, List<FileDescriptor> fds, long start, TimeSpan timeout)
    {
        while (target.Length > 0)
        {
            long result = ReceiveOnce(target, fds);
            if (result is 0 or -Errno.ECONNRESET) return false;
            if (result > 0)
            {
                target = target[(int)result..];
                continue;
            }
            if (result != -Errno.EAGAIN) throw new LinuxException("recvmsg", (int)-result);
            if (Stopwatch.GetElapsedTime(start) > timeout) throw new TimeoutException("No message came.");
            Libc.Poll([new pollfd { fd = Fd, events = Libc.POLLIN }], 20);
        }
        return true;
    }

    private long SendOnce(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> fds)
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
            return Libc.SendMessage(Fd, &message);
        }
    }

    private long ReceiveOnce(Span<byte> target, List<FileDescriptor> fds)
    {
        const int space = 1040;
        byte* control = stackalloc byte[space];
        fixed (byte* p = target)
        {
            var vector = new iovec { iov_base = p, iov_len = (nuint)target.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = space };
            long result = Libc.ReceiveMessage(Fd, &message);
            if (result < 0 || message.msg_controllen < (nuint)sizeof(cmsghdr)) return result;
            var head = (cmsghdr*)control;
            int count = ((int)head->cmsg_len - sizeof(cmsghdr)) / 4;
            for (int i = 0; i < count; i++) fds.Add(new FileDescriptor(((int*)(control + sizeof(cmsghdr)))[i]));
            return result;
        }
    }
}
