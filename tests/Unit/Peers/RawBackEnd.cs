using System.Collections.Concurrent;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>
/// A back-end on a thread of its own that listens and answers as the specification says, except for the requests that a test
/// answers itself. It moves no packets; a test writes its rings by hand.
/// </summary>
internal sealed unsafe class RawBackEnd : IDisposable
{
    private readonly ListeningSocket _listener;
    private readonly Dictionary<FrontEndRequest, Action<RawBackEnd, RawMessage>> _overrides;
    private readonly List<(MemoryRegionDescription Row, nint Address)> _regions = [];
    private readonly ConcurrentDictionary<uint, FileDescriptor> _calls = [];
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile bool _closed;
    private ulong _status;

    /// <param name="path">Socket path to listen on.</param>
    /// <param name="overrides">What to do instead of the correct answer, by request.</param>
    public RawBackEnd(string path, params (FrontEndRequest Request, Action<RawBackEnd, RawMessage> Answer)[] overrides)
    {
        _overrides = overrides.ToDictionary(pair => pair.Request, pair => pair.Answer);
        _listener = ListeningSocket.Open(path, null, force: false);
        _thread = new Thread(Run) { IsBackground = true, Name = "raw back-end" };
        _thread.Start();
    }

    public VirtioFeatures Features { get; init; } = BackEndOptions.DefaultFeatures;

    public ProtocolFeatures ProtocolFeatures { get; init; } = BackEndOptions.DefaultProtocolFeatures;

    /// <summary>The connection, once there is one.</summary>
    public RawSocket? Socket { get; private set; }

    /// <summary>Requests received, in order.</summary>
    public ConcurrentQueue<FrontEndRequest> Received { get; } = [];

    /// <summary>Ring addresses as they came.</summary>
    public ConcurrentDictionary<uint, VringAddressPayload> Rings { get; } = [];

    /// <summary>Sends header and payload; any field may lie.</summary>
    public void Reply(uint request, ReadOnlySpan<byte> payload, uint flags = RawMessage.Reply, uint? size = null, params ReadOnlySpan<int> fds) =>
        Socket!.Send(RawMessage.Bytes(request, payload, flags, size), fds);

    /// <summary>Closes the connection; the thread does it, because only it knows that nobody uses the socket.</summary>
    public void Close() => _closed = true;

    /// <summary>The correct answer, whatever the overrides say.</summary>
    public void Answer(RawMessage message)
    {
        var request = (FrontEndRequest)message.Request;
        ulong? value = request switch
        {
            FrontEndRequest.GetFeatures => (ulong)Features,
            FrontEndRequest.GetProtocolFeatures => (ulong)ProtocolFeatures,
            FrontEndRequest.GetQueueNum => 1,
            FrontEndRequest.GetMaxMemSlots => 509,
            FrontEndRequest.GetStatus => _status,
            FrontEndRequest.GetVringBase => message.UInt64,
            _ => message.Flags == RawMessage.NeedReply ? 0 : null,
        };
        if (value is ulong number) Reply(message.Request, RawMessage.Of(number));
    }

    /// <summary>Writes a used element by hand and publishes an index.</summary>
    public void Use(uint ring, int slot, uint id, uint length, ushort index)
    {
        byte* used = Translate(Rings[ring].Used);
        ((uint*)(used + 4))[2 * slot] = id;
        ((uint*)(used + 4))[2 * slot + 1] = length;
        Volatile.Write(ref ((ushort*)used)[1], index);
        if (_calls.TryGetValue(ring, out FileDescriptor? call)) EventFd.Signal(call.Number);
    }

    /// <summary>avail.idx of a ring.</summary>
    public ushort AvailableIndex(uint ring) => Volatile.Read(ref ((ushort*)Translate(Rings[ring].Available))[1]);

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _listener.Dispose();
        foreach (FileDescriptor call in _calls.Values) call.Dispose();
        foreach ((MemoryRegionDescription row, nint address) in _regions) Libc.Unmap((void*)address, row.Size);
    }

    private void Run()
    {
        while (!_stopping && Socket is null)
        {
            if (_listener.TryAccept() is FileDescriptor socket) Socket = new RawSocket(socket);
            else Libc.Poll([new pollfd { fd = _listener.Fd, events = Libc.POLLIN }], 20);
        }
        while (!_stopping && !_closed)
        {
            // Wait here rather than in Receive, so that a test can end this thread between messages.
            if (Libc.Poll([new pollfd { fd = Socket!.Fd, events = Libc.POLLIN }], 20) == 0) continue;
            using RawMessage? message = Socket.Receive();
            if (message is null) break;
            Note(message);
            var request = (FrontEndRequest)message.Request;
            Received.Enqueue(request);
            if (_overrides.TryGetValue(request, out Action<RawBackEnd, RawMessage>? answer)) answer(this, message);
            else Answer(message);
        }
        Socket?.Dispose();
    }

    private void Note(RawMessage message)
    {
        switch ((FrontEndRequest)message.Request)
        {
            case FrontEndRequest.AddMemReg:
                MemoryRegionDescription row = message.Read<SingleMemoryRegionPayload>().Region;
                _regions.Add((row, (nint)Libc.Map(row.Size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, message.Fds[0].Number, row.MmapOffset)));
                break;
            case FrontEndRequest.SetVringAddr:
                VringAddressPayload address = message.Read<VringAddressPayload>();
                Rings[address.Index] = address;
                break;
            case FrontEndRequest.SetVringCall:
                if (message.Fds.Count > 0) _calls[(uint)message.UInt64] = message.Fds[0].Duplicate(); // in-band there is none
                break;
            case FrontEndRequest.SetStatus:
                _status = message.UInt64;
                break;
        }
    }

    private byte* Translate(ulong user)
    {
        foreach ((MemoryRegionDescription row, nint address) in _regions)
            if (user - row.UserAddress < row.Size) return (byte*)address + (user - row.UserAddress);
        throw new InvalidOperationException($"User address 0x{user:x} is in no region.");
    }
}
