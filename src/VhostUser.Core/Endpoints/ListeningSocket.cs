using System.Runtime.InteropServices;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>A Unix socket that listens at a path, and removes the file it made and no other.</summary>
internal sealed class ListeningSocket : IDisposable
{
    private readonly string _path;
    private readonly FileDescriptor _socket;
    private readonly statx_t _file;

    private ListeningSocket(string path, FileDescriptor socket)
    {
        _path = path;
        _socket = socket;
        Libc.TryStat(path, out _file);
    }

    public int Fd => _socket.Number;

    /// <summary>Binds and listens.</summary>
    /// <param name="path">At most 107 bytes.</param>
    /// <param name="mode">Permission bits of the socket file, or null for what the umask leaves.</param>
    /// <param name="force">Whether a socket file on which nobody listens is replaced.</param>
    /// <exception cref="VhostException">SocketPathTooLong, SocketPathInvalid, SocketInUse, SocketStale, SocketForeignFile, PermissionDenied.</exception>
    public static ListeningSocket Open(string path, UnixFileMode? mode, bool force)
    {
        sockaddr_un.FromPath(path);
        RemoveStale(path, force);
        FileDescriptor socket = Libc.UnixSocket();
        try
        {
            Libc.Bind(socket.Number, path);
            // Nobody can connect before listen: the mode is never too wide for a moment.
            if (mode is UnixFileMode bits) File.SetUnixFileMode(path, bits);
            Libc.Listen(socket.Number, 16);
            return new ListeningSocket(path, socket);
        }
        catch (LinuxException error)
        {
            socket.Dispose();
            throw Explain(path, error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next connection, or null when none waits.</summary>
    public FileDescriptor? TryAccept() => Libc.TryAccept(_socket.Number);

    public void Dispose()
    {
        if (Libc.TryStat(_path, out statx_t now) && now.IsSameFile(_file)) File.Delete(_path);
        _socket.Dispose();
    }

    private static void RemoveStale(string path, bool force)
    {
        if (!Libc.TryStat(path, out statx_t file)) return;
        if (!file.IsSocket)
            throw new VhostException(VhostError.SocketForeignFile, $"'{path}' exists and is not a socket; it is left alone.", path, "Choose another path.");
        using FileDescriptor probe = Libc.UnixSocket();
        int errno = Libc.Connect(probe.Number, path);
        if (errno is Errno.EACCES or Errno.EPERM)
            throw new VhostException(VhostError.PermissionDenied, $"Socket '{path}' exists and this user may not connect to it.", path, "Ask its owner, or choose another path.");
        if (errno != Errno.ECONNREFUSED)
            throw new VhostException(VhostError.SocketInUse, $"A program is listening on '{path}'.", path, "Stop it, connect to it instead, or choose another path.");
        if (!force)
            throw new VhostException(VhostError.SocketStale, $"Socket file '{path}' exists, but nobody listens on it: a program that ended without cleaning up left it.", path,
                "Use -Force to replace it.");
        File.Delete(path);
    }

    private static VhostException Explain(string path, LinuxException error) => error.Errno switch
    {
        Errno.EACCES or Errno.EPERM => new VhostException(VhostError.PermissionDenied, $"Socket '{path}' can't be made: this user may not write to its directory.", path, "Choose another directory.", error),
        Errno.ENOENT or Errno.ENOTDIR => new VhostException(VhostError.SocketPathInvalid, $"Socket '{path}' can't be made: its directory does not exist.", path, "Make the directory first.", error),
        Errno.EADDRINUSE => new VhostException(VhostError.SocketInUse, $"Socket '{path}' was made by another program just now.", path, "Choose another path.", error),
        _ => new VhostException(VhostError.SocketPathInvalid, $"Socket '{path}' can't be made: {error.Message}", path, "Check the path.", error),
    };
}
