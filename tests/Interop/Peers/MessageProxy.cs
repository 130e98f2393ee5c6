using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Sits between a front-end and a back-end, notes the requests that pass, and can take the dirty log away from the back-end.</summary>
internal sealed class MessageProxy : IDisposable
{
    private readonly ListeningSocket _listener;
    private readonly string _backEnd;
    private readonly bool _losesLog;
    private readonly List<FrontEndRequest> _requests = [];
    private readonly Thread _thread;
    private volatile bool _stopping;

    /// <param name="path">Where the front-end connects.</param>
    /// <param name="backEnd">Where the back-end listens.</param>
    /// <param name="losesLog">Whether the back-end gets memory of no use in place of the front-end's log, so that all its marks are lost.</param>
    public MessageProxy(string path, string backEnd, bool losesLog)
    {
        _backEnd = backEnd;
        _losesLog = losesLog;
        _listener = ListeningSocket.Open(path, null, force: false);
        _thread = new Thread(Run) { IsBackground = true, Name = "proxy" };
        _thread.Start();
    }

    /// <summary>Gets the requests of the front-end so far.</summary>
    public FrontEndRequest[] Requests
    {
        get { lock (_requests) return [.. _requests]; }
    }

    /// <summary>Ends both connections.</summary>
    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _listener.Dispose();
    }

    private void Run()
    {
        FileDescriptor? accepted = null;
        while (accepted is null)
        {
            if (_stopping) return;
            Wait(_listener.Fd, _listener.Fd);
            accepted = _listener.TryAccept();
        }
        using Connection front = new(accepted, isFrontEnd: true); // neither end's messages are checked here
        FileDescriptor socket = Libc.UnixSocket();
        using Connection back = new(socket, isFrontEnd: true);
        if (Libc.Connect(socket.Number, _backEnd) != 0) return;
        try
        {
            while (!_stopping)
            {
                Wait(front.Fd, back.Fd);
                while (front.TryReceive()) PassRequest(front.Current, back);
                while (back.TryReceive()) Pass(back.Current, front);
            }
        }
        catch (VhostException)
        {
            // An end has gone; the other sees the same.
        }
    }

    private void PassRequest(Message message, Connection back)
    {
        lock (_requests) _requests.Add(message.Header.Request);
        if (!_losesLog || message.Header.Request != FrontEndRequest.SetLogBase)
        {
            Pass(message, back);
            return;
        }
        using FileDescriptor lost = Libc.MemfdCreate("lost", Libc.MFD_CLOEXEC);
        Libc.SetLength(lost.Number, (long)Libc.Stat(message.BorrowFd(0).Number).stx_size);
        back.Send(message.Header, message.Payload, [lost.Number]);
        message.CloseFds();
    }

    private static void Pass(Message message, Connection to)
    {
        Span<int> fds = stackalloc int[message.FdCount];
        for (int i = 0; i < fds.Length; i++) fds[i] = message.BorrowFd(i).Number;
        to.Send(message.Header, message.Payload, fds);
        message.CloseFds();
    }

    private static void Wait(int first, int second)
    {
        Span<pollfd> poll = [new pollfd { fd = first, events = Libc.POLLIN }, new pollfd { fd = second, events = Libc.POLLIN }];
        Libc.Poll(poll, 100);
    }
}
