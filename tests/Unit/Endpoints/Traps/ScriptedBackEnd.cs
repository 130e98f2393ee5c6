using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>A request as a back-end got it.</summary>
internal sealed record ReceivedRequest(FrontEndRequest Request, uint Flags, byte[] Payload, int Fds)
{
    /// <summary>The first field of the payloads that start with a ring index.</summary>
    public uint Index => BitConverter.ToUInt32(Payload, 0);

    public uint Number => BitConverter.ToUInt32(Payload, 4);

    public T Read<T>() where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Read<T>(Payload);
}

/// <summary>
/// A back-end without rings: answers one front-end as its properties say, keeps every request and kick descriptor, and notes
/// what <see cref="Rule"/> has against a request.
/// </summary>
internal sealed class ScriptedBackEnd : IDisposable
{
    private readonly ListeningSocket _listener;
    private readonly Thread _thread;
    private readonly List<ReceivedRequest> _requests = [];
    private readonly List<string> _complaints = [];
    private readonly Dictionary<uint, FileDescriptor> _kicks = [];
    private readonly Lock _lock = new();
    private ulong _status;
    private volatile bool _stopping;
    private Exception? _failure;

    public ScriptedBackEnd(string path)
    {
        _listener = ListeningSocket.Open(path, null, false);
        _thread = new Thread(Run) { IsBackground = true, Name = "scripted back-end" };
    }

    public VirtioFeatures Offer { get; init; } = VirtioFeatures.ProtocolFeatures | VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf;

    public ProtocolFeatures ProtocolOffer { get; init; } = ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck;

    public ulong MemorySlots { get; init; } = 8;

    public uint ReplyFlags { get; init; } = RawMessage.Reply;

    /// <summary>The payload of a reply from the correct one.</summary>
    public Func<FrontEndRequest, byte[], byte[]> Change { get; init; } = (_, reply) => reply;

    /// <summary>The reply to a request of no specification; null when there is none.</summary>
    public Func<uint, byte[]?> Private { get; init; } = _ => null;

    /// <summary>Descriptors that go along with the reply to a request.</summary>
    public Func<FrontEndRequest, int[]> Carry { get; init; } = _ => [];

    /// <summary>How long a reply takes.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Whether a reply is sent byte by byte.</summary>
    public bool InPieces { get; init; }

    /// <summary>What this kind of back-end would refuse about a request, given those before it; null when nothing.</summary>
    public Func<ReceivedRequest, IReadOnlyList<ReceivedRequest>, string?> Rule { get; init; } = (_, _) => null;

    public ulong AcknowledgedFeatures => Last(FrontEndRequest.SetFeatures);

    public ulong AcknowledgedProtocolFeatures => Last(FrontEndRequest.SetProtocolFeatures);

    /// <summary>Everything received so far.</summary>
    public ReceivedRequest[] Requests
    {
        get { lock (_lock) return [.. _requests]; }
    }

    public ScriptedBackEnd Start()
    {
        _thread.Start();
        return this;
    }

    /// <summary>Requests of one kind.</summary>
    public ReceivedRequest[] All(FrontEndRequest request) => [.. Requests.Where(received => received.Request == request)];

    /// <summary>Takes what was signalled on a ring's kick descriptor.</summary>
    public ulong ConsumeKicks(uint ring)
    {
        lock (_lock) return EventFd.Consume(_kicks[ring].Number);
    }

    /// <summary>Nothing was complained of, and the script did not fail.</summary>
    public void AssertContent()
    {
        lock (_lock)
        {
            Assert.Null(_failure);
            Assert.Empty(_complaints);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        if (_thread.IsAlive) _thread.Join();
        _listener.Dispose();
        foreach (FileDescriptor fd in _kicks.Values) fd.Dispose();
    }

    private ulong Last(FrontEndRequest request) => All(request).LastOrDefault()?.Read<ulong>() ?? 0;

    private void Run()
    {
        try
        {
            FileDescriptor? fd = null;
            while (fd is null && !_stopping)
            {
                Libc.Poll([new pollfd { fd = _listener.Fd, events = Libc.POLLIN }], 20);
                fd = _listener.TryAccept();
            }
            if (fd is null) return;
            using var socket = new RawSocket(fd);
            while (!_stopping)
            {
                if (Libc.Poll([new pollfd { fd = socket.Fd, events = Libc.POLLIN }], 20) == 0) continue;
                using RawMessage? message = socket.Receive();
                if (message is null) return;
                Serve(socket, message);
            }
        }
        catch (Exception error)
        {
            lock (_lock) _failure = error;
        }
    }

    private void Serve(RawSocket socket, RawMessage message)
    {
        var received = new ReceivedRequest((FrontEndRequest)message.Request, message.Flags, message.Payload, message.Fds.Count);
        lock (_lock)
        {
            if (Rule(received, _requests) is string complaint) _complaints.Add($"{MessageTable.NameOf(received.Request)}: {complaint}");
            _requests.Add(received);
            if (received.Request == FrontEndRequest.SetVringKick && message.Fds.Count == 1) _kicks[received.Index] = message.Fds[0].Duplicate();
        }
        if (received.Request == FrontEndRequest.SetStatus) _status = message.UInt64;
        byte[]? reply = ReplyTo(received);
        if (reply is null) return;
        if (Delay > TimeSpan.Zero) Thread.Sleep(Delay);
        byte[] bytes = RawMessage.Bytes(received.Request, Change(received.Request, reply), ReplyFlags);
        if (!InPieces) socket.Send(bytes, Carry(received.Request));
        else for (int i = 0; i < bytes.Length; i++) socket.Send(bytes.AsSpan(i, 1));
    }

    private byte[]? ReplyTo(ReceivedRequest received) => received.Request switch
    {
        FrontEndRequest.GetFeatures => RawMessage.Of((ulong)Offer),
        FrontEndRequest.GetProtocolFeatures => RawMessage.Of((ulong)ProtocolOffer),
        FrontEndRequest.GetQueueNum => RawMessage.Of(1ul),
        FrontEndRequest.GetMaxMemSlots => RawMessage.Of(MemorySlots),
        FrontEndRequest.GetStatus => RawMessage.Of(_status),
        FrontEndRequest.GetVringBase => RawMessage.State(received.Index, 0),
        _ when Private((uint)received.Request) is byte[] reply => reply,
        _ when (received.Flags & 8) != 0 && (AcknowledgedProtocolFeatures & (ulong)ProtocolFeatures.ReplyAck) != 0 => RawMessage.Of(0ul),
        _ => null,
    };
}
