using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>
/// Connections that have not said anything. A front-end speaks first, so that is all there is to know of it; one that leaves
/// without a byte looked whether somebody listens (as <see cref="ListeningSocket.Open"/> does), and is no front-end at all.
/// </summary>
/// <param name="loop">Watches the connections.</param>
/// <param name="onSpeak">Takes a connection over when its first byte is there.</param>
internal sealed class WaitingRoom(EventLoop loop, Action<FileDescriptor> onSpeak) : IDisposable
{
    private const int Seats = 16;

    private readonly List<FileDescriptor> _guests = [];

    /// <summary>Lets a connection wait until it speaks; the one that has been silent longest makes room.</summary>
    public void Admit(FileDescriptor socket)
    {
        if (_guests.Count == Seats) TurnOut(_guests[0]);
        _guests.Add(socket);
        loop.Watch(socket.Number, () => Look(socket));
    }

    /// <summary>Closes all connections that are still silent.</summary>
    public void Dispose()
    {
        while (_guests.Count > 0) TurnOut(_guests[^1]);
    }

    private void Look(FileDescriptor socket)
    {
        long there = Libc.Peek(socket.Number);
        if (there == -Errno.EAGAIN) return;
        if (there <= 0)
        {
            TurnOut(socket);
            return;
        }
        Forget(socket);
        onSpeak(socket);
    }

    private void TurnOut(FileDescriptor socket)
    {
        Forget(socket);
        socket.Dispose();
    }

    private void Forget(FileDescriptor socket)
    {
        loop.Unwatch(socket.Number);
        _guests.Remove(socket);
    }
}
