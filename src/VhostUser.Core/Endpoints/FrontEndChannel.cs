using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What a front-end answers to a back-end's request: 0 for success, and perhaps a descriptor, which is closed when it was sent.</summary>
internal readonly record struct ChannelAnswer(ulong Result, FileDescriptor? File = null);

/// <summary>
/// The front-end's end of the channel for back-end requests, served by a thread of its own: a back-end that waits for an answer
/// here may be what another thread waits for on the main socket. The handler must therefore take no lock that is held during a
/// request. A message that breaks the framing closes the channel; one that only asks for too much is refused.
/// </summary>
internal sealed class FrontEndChannel : IDisposable
{
    private readonly Connection _connection;
    private readonly ProtocolFeatures _negotiated;
    private readonly Func<BackEndRequest, Message, ChannelAnswer> _handler;
    private readonly FileDescriptor _stop = Libc.EventFd();
    private readonly Thread _thread;
    private readonly long[] _received = new long[BackEndMessageTable.Rules.Length + 1];
    private volatile VhostException? _fault;
    private volatile VhostException? _refusal;
    private volatile bool _stopping;

    public FrontEndChannel(FileDescriptor socket, ProtocolFeatures negotiated, string name, Func<BackEndRequest, Message, ChannelAnswer> handler, ProtocolDialect dialect = ProtocolDialect.Spec)
    {
        _connection = new Connection(socket, isFrontEnd: false, isChannel: true, dialect);
        _negotiated = negotiated;
        _handler = handler;
        _thread = new Thread(Run) { IsBackground = true, Name = "vhost channel " + name };
        _thread.Start();
    }

    /// <summary>Why the channel was closed, or null while it is open or when the back-end closed it.</summary>
    public VhostException? Fault => _fault;

    /// <summary>The last request that was refused while the channel went on.</summary>
    public VhostException? Refusal => _refusal;

    /// <summary>Requests by name that were carried out or refused; only those that came.</summary>
    public IReadOnlyDictionary<string, long> Received
    {
        get
        {
            var counts = new Dictionary<string, long>();
            for (uint i = 1; i < _received.Length; i++)
                if (Volatile.Read(ref _received[i]) is > 0 and long count) counts[BackEndMessageTable.NameOf((BackEndRequest)i)] = count;
            return counts;
        }
    }

    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        EventFd.Signal(_stop.Number);
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId) _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            Span<pollfd> poll = [new pollfd { fd = _connection.Fd, events = Libc.POLLIN }, new pollfd { fd = _stop.Number, events = Libc.POLLIN }];
            while (!_stopping)
            {
                while (!_stopping && _connection.TryReceive()) Handle(_connection.Current);
                if (!_stopping) Libc.Poll(poll, -1);
            }
        }
        catch (VhostException error)
        {
            if (error.Error != VhostError.PeerDisconnected) _fault = error;
        }
        catch (Exception error)
        {
            // A thread that throws would take the shell with it: the fault becomes the channel's state.
            _fault = new VhostException(VhostError.NativeCallFailed, $"The back-end's channel failed: {error.Message}", "channel", "This is a defect of the module; please report it.", error);
        }
        finally
        {
            _connection.Dispose();
        }
    }

    private void Handle(Message message)
    {
        var request = (BackEndRequest)message.Header.Request;
        ChannelAnswer answer;
        BackEndMessageRule? rule = null;
        try
        {
            rule = CheckAgainstTable(request, message);
            answer = _handler(request, message);
        }
        catch (VhostException error)
        {
            _refusal = error;
            answer = new ChannelAnswer(1);
        }
        finally
        {
            message.CloseFds();
        }
        // Counted when it is done: who sees the number sees what the request did.
        if (rule is not null) Interlocked.Increment(ref _received[(int)request]);
        using FileDescriptor? file = answer.File;
        if (rule?.Reply != ReplyRule.Always && (!message.Header.NeedsReply || (_negotiated & ProtocolFeatures.ReplyAck) == 0)) return;
        Span<byte> payload = stackalloc byte[BackEndMessageTable.ReplySize];
        BitConverter.TryWriteBytes(payload, answer.Result);
        _connection.Send(MessageHeader.ForReply((FrontEndRequest)request, payload.Length), payload, file is null ? [] : [file.Number]);
    }

    private BackEndMessageRule CheckAgainstTable(BackEndRequest request, Message message)
    {
        if (!BackEndMessageTable.TryGet(request, out BackEndMessageRule rule))
            throw new VhostException(VhostError.RequestUnknown, $"{message.Name} is not in the vhost-user specification (1 to {BackEndMessageTable.Rules.Length}).", message.Name, "The back-end uses a private extension.");
        if ((_negotiated & rule.Gate) != rule.Gate)
            throw new VhostException(VhostError.RequestNotNegotiated, $"{rule.Name} needs protocol feature {rule.Gate & ~_negotiated}, which was not acknowledged.", rule.Name, "The back-end must not send it.");
        int expected = rule.Fds switch
        {
            FdRule.One => 1,
            FdRule.OneUnlessNoFd => (message.ReadUInt64() & VringFdPayload.NoFdFlag) != 0 ? 0 : 1,
            _ => 0,
        };
        if (message.FdCount != expected)
            throw new VhostException(VhostError.MessageFdCountInvalid, $"{rule.Name} came with {message.FdCount} file descriptor(s); expected {expected}.", rule.Name, "Look at the back-end's code.");
        return rule;
    }
}
