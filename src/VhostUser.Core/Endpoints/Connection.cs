using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>
/// One vhost-user socket: whole messages with their descriptors in and out. Nothing here waits: a message may arrive in any
/// number of pieces, and the descriptors come with its header (vhost-user, "Message Specification").
/// </summary>
internal sealed unsafe class Connection : IDisposable
{
    /// <summary>The largest payload that is read at all; every request of the specification is smaller.</summary>
    public const int MaxPayload = 4096;

    private readonly FileDescriptor _socket;
    private readonly byte[] _header = new byte[MessageHeader.Size];
    private readonly byte[] _payload = new byte[MaxPayload];
    private readonly bool _isFrontEnd;
    private readonly bool _isChannel;
    private readonly ProtocolDialect _dialect;
    private int _received; // bytes of the current message, header included
    private bool _checked; // whether the header of the current message was looked at

    /// <param name="socket">The socket, owned by the connection.</param>
    /// <param name="isFrontEnd">Whether this end sends requests and receives replies; the other end's messages are checked against the table.</param>
    /// <param name="isChannel">Whether the requests are those of <see cref="BackEndRequest"/>, and <paramref name="isFrontEnd"/> means the back-end.</param>
    /// <param name="dialect">Whose numbers the peer uses; behind this class all are the specification's.</param>
    public Connection(FileDescriptor socket, bool isFrontEnd, bool isChannel = false, ProtocolDialect dialect = ProtocolDialect.Spec)
    {
        _dialect = dialect;
        _socket = socket;
        _isFrontEnd = isFrontEnd;
        _isChannel = isChannel;
        Current = new Message(_payload) { IsChannel = isChannel };
        Log = isChannel ? null : new MessageLog();
    }

    public int Fd => _socket.Number;

    /// <summary>The message that <see cref="TryReceive"/> completed.</summary>
    public Message Current { get; }

    /// <summary>Messages received and sent.</summary>
    public long MessagesReceived { get; private set; }

    public long MessagesSent { get; private set; }

    /// <summary>What was said so far; null on the back-end's channel.</summary>
    public MessageLog? Log { get; }

    /// <summary>Whether the next message must be a u64 that acknowledges a memory table (post-copy).</summary>
    public bool ExpectsAcknowledgement { get; set; }

    /// <summary>Bytes that each row of a memory table has more than usual: 8 with XEN_MMAP.</summary>
    public int RowExtra { get; set; }

    /// <summary>Whether the peer has closed, looked at without reading; from any thread.</summary>
    public bool HasHungUp
    {
        get
        {
            if (_socket.IsClosed) return true;
            Span<pollfd> poll = [new pollfd { fd = _socket.Number, events = 0 }]; // POLLHUP comes unasked
            return Libc.Poll(poll, 0) > 0;
        }
    }

    /// <summary>Reads what has arrived; true when <see cref="Current"/> is complete, false when more must come.</summary>
    /// <exception cref="VhostException">The peer closed, or the message is malformed.</exception>
    public bool TryReceive()
    {
        if (_received == 0) Current.CloseFds();
        while (_received < MessageHeader.Size)
        {
            if (!ReceiveInto(_header.AsSpan(_received), fdsAllowed: true)) return false;
        }
        if (!_checked) CheckHeader();
        int total = MessageHeader.Size + (int)Current.Header.PayloadSize;
        while (_received < total)
        {
            if (!ReceiveInto(_payload.AsSpan(_received - MessageHeader.Size, total - _received), fdsAllowed: false)) return false;
        }
        _received = 0;
        _checked = false;
        if (_dialect.HasMessages())
            Current.Header.PayloadSize = (uint)DialectMessages.Decode(_isChannel, reply: _isFrontEnd, (uint)Current.Header.Request, _payload, (int)Current.Header.PayloadSize);
        MessagesReceived++;
        Log?.Add(Current.Header, Current.Payload, Current.FdCount);
        return true;
    }

    /// <summary>Sends header, payload and descriptors with a single sendmsg: DPDK reads each part with a single recv.</summary>
    /// <exception cref="VhostException">The peer closed or does not read.</exception>
    public void Send(MessageHeader header, ReadOnlySpan<byte> payload, ReadOnlySpan<int> fds = default)
    {
        string name = Message.NameOf(header.Request, _isChannel);
        MessageHeader said = header;
        ReadOnlySpan<byte> content = payload;
        if (_dialect.HasMessages())
        {
            payload = DialectMessages.Encode(_isChannel, reply: !_isFrontEnd, (uint)header.Request, payload);
            header.PayloadSize = (uint)payload.Length;
            header.Request = (FrontEndRequest)_dialect.ToWire(_isChannel, (uint)header.Request);
        }
        int length = MessageHeader.Size + payload.Length;
        byte* buffer = stackalloc byte[length];
        *(MessageHeader*)buffer = header;
        payload.CopyTo(new Span<byte>(buffer + MessageHeader.Size, payload.Length));
        byte* control = stackalloc byte[ControlSize(fds.Length)];
        var vector = new iovec { iov_base = buffer, iov_len = (nuint)length };
        var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
        if (fds.Length > 0)
        {
            message.msg_control = control;
            message.msg_controllen = (nuint)ControlSize(fds.Length);
            *(cmsghdr*)control = new cmsghdr { cmsg_len = (nuint)(sizeof(cmsghdr) + 4 * fds.Length), cmsg_level = 1 /* SOL_SOCKET */, cmsg_type = Libc.SCM_RIGHTS };
            fds.CopyTo(new Span<int>(control + sizeof(cmsghdr), fds.Length));
        }
        long sent = Libc.SendMessage(_socket.Number, &message);
        if (sent != length)
        {
            throw (int)-sent switch
            {
                Errno.EPIPE or Errno.ECONNRESET => Closed(),
                _ => new VhostException(VhostError.PeerTimeout,
                    $"{name} could not be sent: the peer does not read its socket ({(sent < 0 ? Marshal.GetPInvokeErrorMessage((int)-sent) : $"{sent} of {length} bytes taken")}).",
                    name, "Look whether the peer is stopped or hangs."),
            };
        }
        MessagesSent++;
        Log?.Add(said, content, fds.Length);
    }

    public void Dispose()
    {
        Current.CloseFds();
        _socket.Dispose();
    }

    private static int ControlSize(int fds) => fds == 0 ? 0 : sizeof(cmsghdr) + (4 * fds + 7 & ~7);

    private static VhostException Closed() =>
        new(VhostError.PeerDisconnected, "The peer closed the connection.", "connection", "Look at the peer's own messages for its reason.");

    private void CheckHeader()
    {
        Current.Header = MemoryMarshal.Read<MessageHeader>(_header);
        if (_dialect.HasMessages()) Current.Header.Request = (FrontEndRequest)_dialect.FromWire(_isChannel, (uint)Current.Header.Request);
        MessageHeader header = Current.Header;
        string? wrong = _isFrontEnd ? null : header.ExplainRequestFlags();
        if (wrong is not null)
            throw new VhostException(VhostError.MessageHeaderInvalid, $"{Current.Name}: flags 0x{header.Flags:x} hold {wrong}.", Current.Name,
                "The peer does not speak vhost-user version 1, or it lost its place in the stream.");
        (int least, int most) = _isFrontEnd ? (0, MaxPayload) : SizesOf(header.Request);
        if (header.PayloadSize > most || header.PayloadSize < least)
            throw new VhostException(VhostError.MessageSizeInvalid,
                $"{Current.Name} came with a payload of {header.PayloadSize} bytes; expected {(least == most ? $"{most}" : $"{least} to {most}")}.", Current.Name,
                "Payload sizes are those of the specification's C structs on 64-bit machines.");
        _checked = true;
    }

    private (int Least, int Most) SizesOf(FrontEndRequest request)
    {
        if (ExpectsAcknowledgement) return (8, 8);
        if (_dialect.SizeOf(_isChannel, (uint)request) is int size) return (size, size);
        if (_isChannel) return BackEndMessageTable.TryGet((BackEndRequest)request, out BackEndMessageRule row) ? (row.Size, row.Size) : (0, MaxPayload);
        if (!MessageTable.TryGet(request, out MessageRule rule)) return (0, MaxPayload);
        return request switch
        {
            FrontEndRequest.SetMemTable => (rule.Size, rule.MaxSize + MessageTable.MaxRegions * RowExtra),
            FrontEndRequest.AddMemReg or FrontEndRequest.RemMemReg => (rule.Size + RowExtra, rule.MaxSize + RowExtra),
            _ => (rule.Size, rule.MaxSize),
        };
    }

    // False when nothing is there now. Descriptors belong to the piece that carries the header's first byte.
    private bool ReceiveInto(Span<byte> target, bool fdsAllowed)
    {
        const int controlSize = 16 + 4 * (Libc.SCM_MAX_FD + 1);
        byte* control = stackalloc byte[controlSize];
        long result;
        msghdr message;
        fixed (byte* p = target)
        {
            var vector = new iovec { iov_base = p, iov_len = (nuint)target.Length };
            message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = controlSize };
            result = Libc.ReceiveMessage(_socket.Number, &message);
        }
        if (result == -Errno.EAGAIN) return false;
        if (result is 0 or -Errno.ECONNRESET && _received > 0)
            throw new VhostException(VhostError.MessageIncomplete, $"The peer closed the connection {_received} bytes into a message.", "connection", "Look at the peer's own messages.");
        if (result is 0 or -Errno.ECONNRESET) throw Closed();
        if (result < 0) throw new LinuxException("recvmsg", (int)-result);

        bool first = _received == 0;
        CollectFds(message);
        _received += (int)result;
        if ((message.msg_flags & Libc.MSG_CTRUNC) != 0)
            throw new VhostException(VhostError.MessageFdCountInvalid, "File descriptors of a message were lost: this process may have no more open (RLIMIT_NOFILE).", "connection",
                "Raise the limit (ulimit -n), or look for a peer that sends descriptors without end.");
        if (Current.FdCount > 0 && !(first && fdsAllowed) && message.msg_controllen > 0)
            throw new VhostException(VhostError.MessageFdCountInvalid, "File descriptors came in the middle of a message; they belong to its header.", "connection",
                "The peer must send header and descriptors with the same sendmsg.");
        return true;
    }

    private void CollectFds(in msghdr message)
    {
        byte* p = (byte*)message.msg_control;
        byte* end = p + message.msg_controllen;
        while (p != null && p + sizeof(cmsghdr) <= end)
        {
            var head = (cmsghdr*)p;
            if (head->cmsg_len < (nuint)sizeof(cmsghdr)) break;
            if (head->cmsg_type == Libc.SCM_RIGHTS)
            {
                int* fds = (int*)(p + sizeof(cmsghdr));
                for (int i = 0; i < ((int)head->cmsg_len - sizeof(cmsghdr)) / 4; i++) Current.AddFd(new FileDescriptor(fds[i]));
            }
            p += (int)head->cmsg_len + 7 & ~7;
        }
    }
}
