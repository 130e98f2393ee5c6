using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>
/// The back-end's end of the channel that SET_BACKEND_REQ_FD brings. It never waits: replies are handed to whoever asked when they
/// come, so a front-end that is itself waiting for this back-end can't hang the two (vhost-user, "Back-end communication").
/// </summary>
internal sealed class BackEndChannel(FileDescriptor socket, ProtocolFeatures negotiated, ProtocolDialect dialect = ProtocolDialect.Spec) : IDisposable
{
    private const int MaxPending = 256;

    private readonly Connection _connection = new(socket, isFrontEnd: true, isChannel: true, dialect);
    private readonly Queue<(BackEndRequest Request, Action<Message?> Answered)> _pending = new();
    private readonly bool[] _owedCalls = new bool[256];
    private bool _owesCalls;

    public int Fd => _connection.Fd;

    /// <summary>Whether the front-end has closed its end; everything sent from then on is refused.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Messages sent, and replies received.</summary>
    public long MessagesSent => _connection.MessagesSent;

    public long RepliesReceived => _connection.MessagesReceived;

    /// <summary>Sends a request.</summary>
    /// <param name="request">Its number.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="fds">Descriptors it carries.</param>
    /// <param name="answered">Called with the reply, or with null when the channel closes first; null when none is wanted.</param>
    /// <exception cref="VhostException">RequestNotNegotiated, PeerDisconnected or PeerTimeout.</exception>
    public void Send(BackEndRequest request, ReadOnlySpan<byte> payload, ReadOnlySpan<int> fds = default, Action<Message?>? answered = null)
    {
        string name = BackEndMessageTable.NameOf(request);
        BackEndMessageTable.TryGet(request, out BackEndMessageRule rule);
        if ((negotiated & rule.Gate) != rule.Gate)
            throw new VhostException(VhostError.RequestNotNegotiated, $"{name} needs protocol feature {rule.Gate & ~negotiated}, which was not acknowledged.", name, "The front-end must negotiate it.");
        if (IsClosed) throw new VhostException(VhostError.PeerDisconnected, $"{name}: the front-end has closed the back-end's channel.", name, "It opens a new one with SET_BACKEND_REQ_FD.");
        if (_pending.Count >= MaxPending)
            throw new VhostException(VhostError.PeerTimeout, $"{name}: the front-end has not answered {MaxPending} requests on the back-end's channel.", name, "Look whether the front-end hangs.");
        bool promised = rule.Reply == ReplyRule.Always;
        bool needReply = answered is not null && !promised && (negotiated & ProtocolFeatures.ReplyAck) != 0;
        _connection.Send(MessageHeader.ForRequest((FrontEndRequest)request, payload.Length, needReply), payload, fds);
        if (promised || needReply) _pending.Enqueue((request, answered ?? (static _ => { })));
        else answered?.Invoke(null);
    }

    /// <summary>Calls the driver of a ring by message; when the socket is full, later.</summary>
    public void Call(int ring)
    {
        _owedCalls[ring] = true;
        _owesCalls = true;
        SendOwedCalls();
    }

    /// <summary>Handles what has become possible: replies to take, and calls to send.</summary>
    /// <exception cref="VhostException">The front-end answered what was not asked.</exception>
    public void Handle()
    {
        try
        {
            while (_connection.TryReceive()) TakeReply(_connection.Current);
            SendOwedCalls();
        }
        catch (VhostException error) when (error.Error == VhostError.PeerDisconnected)
        {
            Close();
        }
    }

    public void Dispose()
    {
        Close();
        _connection.Dispose();
    }

    private void Close()
    {
        IsClosed = true;
        while (_pending.TryDequeue(out var pending)) pending.Answered(null);
    }

    private void SendOwedCalls()
    {
        if (!_owesCalls || IsClosed) return;
        try
        {
            for (uint ring = 0; ring < _owedCalls.Length; ring++)
            {
                if (!_owedCalls[ring]) continue;
                var payload = new VringStatePayload { Index = ring };
                Send(BackEndRequest.VringCall, System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<VringStatePayload>(in payload)));
                _owedCalls[ring] = false;
            }
            _owesCalls = false;
        }
        catch (VhostException error) when (error.Error == VhostError.PeerTimeout)
        {
            // The socket is full: epoll tells when there is room again, and the ring stays owed until then.
        }
        catch (VhostException error) when (error.Error == VhostError.PeerDisconnected)
        {
            Close();
        }
    }

    private void TakeReply(Message reply)
    {
        try
        {
            if (!_pending.TryDequeue(out var pending))
                throw new VhostException(VhostError.ReplyInvalid, $"The front-end answered {reply.Name} on the back-end's channel, although no reply was due.", reply.Name, "The front-end breaks the specification.");
            MessageHeader header = reply.Header;
            bool fits = header.Request == (FrontEndRequest)pending.Request && header.PayloadSize == BackEndMessageTable.ReplySize
                && (header.Flags & (MessageHeader.ReplyFlag | 3)) == (MessageHeader.ReplyFlag | MessageHeader.Version);
            if (!fits)
            {
                pending.Answered(null);
                throw new VhostException(VhostError.ReplyInvalid,
                    $"Expected the reply to {BackEndMessageTable.NameOf(pending.Request)} (8 bytes, flags 0x5); {reply.Name} with {header.PayloadSize} bytes and flags 0x{header.Flags:x} came.", reply.Name,
                    "The front-end breaks the specification.");
            }
            pending.Answered(reply);
        }
        finally
        {
            reply.CloseFds();
        }
    }
}
