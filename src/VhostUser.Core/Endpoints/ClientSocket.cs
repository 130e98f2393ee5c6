using System.Diagnostics;
using System.Runtime.InteropServices;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>Gets a front-end its connection: connects, perhaps again and again, or waits for the back-end to connect.</summary>
internal static class ClientSocket
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Connects; with Retry tries until the timeout is over.</summary>
    /// <param name="options">Where to, and for how long.</param>
    /// <param name="start">Timestamp from which the timeout counts.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static FileDescriptor Connect(VhostClientOptions options, long start, CancellationToken cancel)
    {
        while (true)
        {
            FileDescriptor socket = Libc.UnixSocket();
            int errno = Libc.Connect(socket.Number, options.Path);
            if (errno == 0) return socket;
            socket.Dispose();
            bool mayCome = errno is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN;
            if (!mayCome || !options.Retry || Stopwatch.GetElapsedTime(start) > options.Timeout) throw Explain(options, errno);
            Rest(cancel);
        }
    }

    /// <summary>One attempt; null when nobody listens, or this user may not connect.</summary>
    public static FileDescriptor? TryConnect(string path)
    {
        FileDescriptor socket = Libc.UnixSocket();
        if (Libc.Connect(socket.Number, path) == 0) return socket;
        socket.Dispose();
        return null;
    }

    /// <summary>Waits a moment before the next try.</summary>
    public static void Rest(CancellationToken cancel)
    {
        cancel.WaitHandle.WaitOne(Pause);
        cancel.ThrowIfCancellationRequested();
    }

    public static FileDescriptor Accept(ListeningSocket listener, VhostClientOptions options, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        Span<pollfd> poll = [new pollfd { fd = listener.Fd, events = Libc.POLLIN }];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (listener.TryAccept() is FileDescriptor socket) return socket;
            if (Stopwatch.GetElapsedTime(start) > options.Timeout)
                throw new VhostException(VhostError.PeerTimeout, $"No back-end connected to '{options.Path}' within {options.Timeout.TotalSeconds:0.#} s.", options.Path,
                    "Start one that connects (Start-VhostServer -Connect; DPDK net_vhost: client=1), or give a longer -Timeout.");
            Libc.Poll(poll, (int)Pause.TotalMilliseconds);
        }
    }

    private static VhostException Explain(VhostClientOptions options, int errno)
    {
        string path = options.Path;
        return errno switch
        {
            Errno.ENOENT => new VhostException(VhostError.PeerNotListening, $"Nobody listens on '{path}': the path does not exist.", path,
                "Start the back-end first (Start-VhostServer), check the path, or use -Retry to wait for it."),
            Errno.ECONNREFUSED when Libc.TryStat(path, out statx_t file) && !file.IsSocket => new VhostException(VhostError.SocketForeignFile, $"'{path}' is not a socket.", path, "Check the path."),
            Errno.ECONNREFUSED => new VhostException(VhostError.PeerNotListening, $"Nobody listens on '{path}': its program has ended and left the file.", path,
                "Start the back-end again, or use -Retry to wait for it."),
            Errno.EACCES or Errno.EPERM => new VhostException(VhostError.PermissionDenied, $"This user may not connect to socket '{path}'.", path, "Ask its owner, or chmod it (Start-VhostServer -SocketMode)."),
            Errno.EAGAIN => new VhostException(VhostError.PeerTimeout, $"The back-end at '{path}' does not accept connections: its queue is full.", path, "It is busy with another front-end, or hangs."),
            _ => new VhostException(VhostError.SocketPathInvalid, $"Socket '{path}' can't be connected to: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", path, "Check the path."),
        };
    }
}
