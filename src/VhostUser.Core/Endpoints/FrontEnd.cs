using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>The front-end's side of a socket: sends requests, waits for what they promise, and checks every reply against the table.</summary>
internal sealed unsafe partial class FrontEnd(Connection connection, TimeSpan timeout) : IDisposable
{
    // One request and its reply at a time: the client's own thread and the one that answers IOTLB misses both send requests.
    private readonly Lock _turn = new();

    /// <summary>Set once REPLY_ACK is negotiated: every request is then answered, and a failure is known where it happens.</summary>
    public bool ReplyAck { get; set; }

    public Connection Connection => connection;

    /// <summary>Sends a request whose reply is a u64.</summary>
    public ulong Get(FrontEndRequest request, CancellationToken cancel)
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(request, 0), default);
            return ReceiveReply(request, 8, cancel).ReadUInt64();
        }
    }

    /// <summary>Sends a request with a payload and waits for its own reply.</summary>
    public TReply Get<TPayload, TReply>(FrontEndRequest request, TPayload payload, CancellationToken cancel) where TPayload : unmanaged where TReply : unmanaged
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(request, sizeof(TPayload)), new ReadOnlySpan<byte>(&payload, sizeof(TPayload)));
            return ReceiveReply(request, sizeof(TReply), cancel).Read<TReply>();
        }
    }

    /// <summary>Sends a request; with REPLY_ACK waits for its result.</summary>
    public void Set<T>(FrontEndRequest request, T payload, CancellationToken cancel, ReadOnlySpan<int> fds = default) where T : unmanaged =>
        SetBytes(request, new ReadOnlySpan<byte>(&payload, sizeof(T)), cancel, fds);

    /// <summary>Sends a request with a payload of any length; with REPLY_ACK waits for its result.</summary>
    /// <exception cref="VhostException">RequestRefused, or what <see cref="ReceiveReply"/> throws.</exception>
    public void SetBytes(FrontEndRequest request, ReadOnlySpan<byte> payload, CancellationToken cancel, ReadOnlySpan<int> fds = default)
    {
        ulong result;
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(request, payload.Length, needReply: ReplyAck), payload, fds);
            if (!ReplyAck) return;
            result = ReceiveReply(request, 8, cancel).ReadUInt64();
        }
        if (result != 0) throw Refused(request, result);
    }

    /// <summary>Sends SET_LOG_BASE, whose reply has no defined content: none, 8 or 16 bytes are seen. Eight bytes are taken for a result.</summary>
    /// <exception cref="VhostException">RequestRefused, or what <see cref="ReceiveReply"/> throws.</exception>
    public void SetLogBase(LogPayload log, int fd, CancellationToken cancel)
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(FrontEndRequest.SetLogBase, sizeof(LogPayload), needReply: ReplyAck), new ReadOnlySpan<byte>(&log, sizeof(LogPayload)), [fd]);
            Message reply = ReceiveReply(FrontEndRequest.SetLogBase, -1, cancel);
            if (reply.Payload.Length == 8 && reply.ReadUInt64() != 0) throw Refused(FrontEndRequest.SetLogBase, reply.ReadUInt64());
        }
    }

    /// <summary>Gives the back-end its end of a channel; returns the back-end's own channel when it prefers that, else null.</summary>
    public FileDescriptor? SetDeviceStateFd(DeviceStatePayload parameters, int fd, CancellationToken cancel)
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(FrontEndRequest.SetDeviceStateFd, sizeof(DeviceStatePayload)), new ReadOnlySpan<byte>(&parameters, sizeof(DeviceStatePayload)), [fd]);
            Message reply = ReceiveReply(FrontEndRequest.SetDeviceStateFd, 8, cancel, keepFds: true);
            FileDescriptor? own = reply.TakeFd();
            reply.CloseFds();
            ulong result = reply.ReadUInt64();
            if ((result & 0xff) == 0) return own;
            own?.Dispose();
            throw Refused(FrontEndRequest.SetDeviceStateFd, result & 0xff);
        }
    }

    /// <summary>Asks for a buffer for records of chains in flight; no file when the back-end gives none.</summary>
    public InflightPayload GetInflightFd(InflightPayload wanted, out FileDescriptor? file, CancellationToken cancel)
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(FrontEndRequest.GetInflightFd, sizeof(InflightPayload)), new ReadOnlySpan<byte>(&wanted, sizeof(InflightPayload)));
            Message reply = ReceiveReply(FrontEndRequest.GetInflightFd, sizeof(InflightPayload), cancel, keepFds: true);
            file = reply.TakeFd();
            reply.CloseFds();
            return reply.Read<InflightPayload>();
        }
    }

    /// <summary>Reads a range of the device's configuration space.</summary>
    public byte[] GetConfig(uint offset, uint size, CancellationToken cancel)
    {
        Span<byte> payload = stackalloc byte[MessageTable.ConfigHead + (int)size]; // the request carries the bytes it asks for, as dummies
        payload.Clear();
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(payload)[0] = offset;
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(payload)[1] = size;
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(FrontEndRequest.GetConfig, payload.Length), payload);
            Message reply = ReceiveReply(FrontEndRequest.GetConfig, -1, cancel);
            if (reply.Payload.Length != payload.Length)
                throw new VhostException(VhostError.RequestRefused, $"GET_CONFIG of {size} bytes at {offset}: the back-end answered with {reply.Payload.Length} bytes, its way to say that the range can't be read.",
                    "GET_CONFIG", "Ask for less; see the device's configuration layout in the virtio specification.");
            return reply.Payload[MessageTable.ConfigHead..].ToArray();
        }
    }

    public void Dispose() => connection.Dispose();

    private static VhostException Refused(FrontEndRequest request, ulong result) => new(VhostError.RequestRefused,
        $"The back-end refused {MessageTable.NameOf(request)} (result {result}).", MessageTable.NameOf(request),
        "The back-end's own log tells why; for a VhostServer look at Get-VhostServer, LastRefusal.");

    private Message ReceiveReply(FrontEndRequest request, int size, CancellationToken cancel, bool keepFds = false)
    {
        Message reply = Await(request, timeout, cancel);
        if (!keepFds) reply.CloseFds();
        CheckReply(reply, request, size);
        return reply;
    }

    private Message Await(FrontEndRequest request, TimeSpan timeout, CancellationToken cancel)
    {
        string name = MessageTable.NameOf(request);
        long start = Stopwatch.GetTimestamp();
        Span<pollfd> poll = [new pollfd { fd = connection.Fd, events = Libc.POLLIN }];
        while (!connection.TryReceive())
        {
            cancel.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(start) > timeout)
                throw new VhostException(VhostError.PeerTimeout, $"The back-end did not answer {name} within {timeout.TotalSeconds:0.#} s.", name,
                    "It hangs, waits for something else, or polls its socket slowly (Snabb: every 0.5 s); a longer -Timeout helps the latter.");
            Libc.Poll(poll, 100); // short, so that a cancellation is seen soon
        }
        return connection.Current;
    }

    private static void CheckReply(Message reply, FrontEndRequest request, int size)
    {
        string name = MessageTable.NameOf(request);
        MessageHeader header = reply.Header;
        if (header.Request != request || (header.Flags & 3) != MessageHeader.Version || (header.Flags & MessageHeader.ReplyFlag) == 0)
            throw new VhostException(VhostError.ReplyInvalid, $"Expected the reply to {name} (flags 0x5); {reply.Name} with flags 0x{header.Flags:x} came.", name, "The back-end answers out of turn.");
        if (size >= 0 && header.PayloadSize != (uint)size)
            throw new VhostException(VhostError.ReplyInvalid, $"The reply to {name} has {header.PayloadSize} bytes; expected {size}.", name, "The back-end's reply breaks the specification.");
    }
}
