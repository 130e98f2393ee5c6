using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// Both ends of the channel for back-end requests: spoilt requests against a front-end's, with a shared memory window behind it, and spoilt
/// replies against a back-end's.
/// </summary>
internal sealed class ChannelTarget : FuzzTarget
{
    private const ulong WindowSize = 64 << 10;
    private const int FileSize = 16 << 10;
    private const ProtocolFeatures All = ProtocolFeatures.ReplyAck | ProtocolFeatures.BackendReq | ProtocolFeatures.BackendSendFd | ProtocolFeatures.Config | ProtocolFeatures.HostNotifier
        | ProtocolFeatures.InbandNotifications | ProtocolFeatures.SharedObject | ProtocolFeatures.Shmem;

    private static readonly ProtocolDialect[] s_dialects = [ProtocolDialect.Spec, ProtocolDialect.CrosvmPrivate, ProtocolDialect.CrosvmEarly];

    private readonly FileDescriptor _file = FuzzMemory.CreateFile(FileSize);
    private readonly FileDescriptor _event = Libc.EventFd();
    private readonly byte[] _message = new byte[4200];

    public override string Name => "channel";

    public override int InputBytes => 256;

    public override int Run(ref FuzzInput input) => input.OneIn(2) ? Requests(ref input) : Replies(ref input);

    public override void Dispose()
    {
        _file.Dispose();
        _event.Dispose();
    }

    private int Requests(ref FuzzInput input)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        using var peer = new FuzzSocket(theirs);
        using var window = new ShmemWindow(0, WindowSize);
        ProtocolDialect dialect = s_dialects[input.Below(s_dialects.Length)];
        int sent = 0;
        for (; sent < 12 && (sent == 0 || !input.IsEmpty); sent++)
        {
            BackEndRequest request = BackEndMessageTable.Rules[input.Below(BackEndMessageTable.Rules.Length)].Request;
            int length = Make(request, dialect, ref input, out int fds);
            if (!peer.Send(_message.AsSpan(0, length), [.. Enumerable.Repeat(input.OneIn(8) ? _event.Number : _file.Number, fds)])) break;
        }
        peer.EndSending();
        int handled = 0;
        using var channel = new FrontEndChannel(ours, input.OneIn(8) ? All & (ProtocolFeatures)input.UInt32() : All, "fuzz", (request, message) =>
        {
            handled++;
            ShmemMapPayload map = request is BackEndRequest.ShmemMap or BackEndRequest.ShmemUnmap ? message.Read<ShmemMapPayload>() : default;
            if (request == BackEndRequest.ShmemMap) window.Map(message.BorrowFd(0), map.FileOffset, map.Offset, map.Length, (map.Flags & 1) != 0);
            if (request == BackEndRequest.ShmemUnmap) window.Unmap(map.Offset, map.Length);
            return default;
        }, dialect);
        peer.DrainToEnd(); // the channel closes when it has seen the end, or a fault
        if (channel.Fault is VhostException fault) Blame(fault);
        if (channel.Refusal is VhostException refusal) Blame(refusal);
        for (int i = 0; i < handled; i++) Good();
        foreach ((ulong offset, ulong size) in window.Maps) FuzzFailure.Unless(offset < WindowSize && size <= WindowSize - offset, "Something is mapped outside of the window.");
        return Math.Max(sent, 1);
    }

    private int Replies(ref FuzzInput input)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        using var peer = new FuzzSocket(theirs);
        using var channel = new BackEndChannel(ours, All);
        int asked = 0, answered = 0, sent = 0;
        try
        {
            for (; sent < 12 && (sent == 0 || !input.IsEmpty); sent++)
            {
                BackEndMessageRule rule = BackEndMessageTable.Rules[input.Below(BackEndMessageTable.Rules.Length)];
                if (!input.OneIn(8))
                {
                    int[] fds = rule.Fds == FdRule.One ? [_file.Number] : [];
                    channel.Send(rule.Request, new byte[rule.Size], fds, _ => answered++);
                    asked++;
                    peer.Drain();
                }
                MemoryMarshal.Write(_message, MessageHeader.ForReply((FrontEndRequest)rule.Request, 8));
                BitConverter.TryWriteBytes(_message.AsSpan(MessageHeader.Size), (ulong)input.Byte());
                int length = MessageHeader.Size + 8;
                if (input.OneIn(6)) Spoil(ref input, ref length);
                if (!peer.Send(_message.AsSpan(0, length), input.OneIn(8) ? [_event.Number] : [])) break;
                channel.Handle();
                Good();
            }
        }
        catch (VhostException error) when (error.Error != VhostError.NativeCallFailed)
        {
            Blame(error);
        }
        channel.Dispose();
        FuzzFailure.Unless(asked == answered, $"{asked} requests were sent, and {answered} of those who asked heard of an answer or of the end.");
        return Math.Max(sent, 1);
    }

    private int Make(BackEndRequest request, ProtocolDialect dialect, ref FuzzInput input, out int fds)
    {
        BackEndMessageTable.TryGet(request, out BackEndMessageRule rule);
        Array.Clear(_message);
        int size = dialect.SizeOf(channel: true, (uint)request) ?? rule.Size;
        Span<byte> payload = _message.AsSpan(MessageHeader.Size);
        if (request is BackEndRequest.ShmemMap or BackEndRequest.ShmemUnmap)
        {
            var map = new ShmemMapPayload { FileOffset = 4096ul * (ulong)input.Below(6), Offset = 4096ul * (ulong)input.Below(20), Length = 4096ul * (ulong)input.Below(6), Flags = (ulong)input.Below(2) };
            DialectMessages.Encode(channel: true, reply: false, (uint)request, MemoryMarshal.AsBytes(new ReadOnlySpan<ShmemMapPayload>(in map))).CopyTo(payload);
            if (!dialect.HasMessages()) MemoryMarshal.Write(payload, map);
        }
        fds = rule.Fds is FdRule.One or FdRule.OneUnlessNoFd ? 1 : 0;
        if (input.OneIn(12)) fds = input.Below(4);
        MemoryMarshal.Write(_message, MessageHeader.ForRequest((FrontEndRequest)dialect.ToWire(channel: true, (uint)request), size, needReply: !input.OneIn(4)));
        int length = MessageHeader.Size + size;
        if (input.OneIn(3)) Spoil(ref input, ref length);
        return length;
    }

    private void Spoil(ref FuzzInput input, ref int length)
    {
        // Mostly in the payload: a mistake in the header ends the channel.
        int at = input.OneIn(4) || length == MessageHeader.Size ? input.Below(MessageHeader.Size) : MessageHeader.Size + input.Below(length - MessageHeader.Size);
        switch (input.Below(5))
        {
            case 0: _message[at] ^= (byte)(1 << input.Below(8)); break;
            case 1: _message[at] = input.Byte(); break;
            case 2 when input.OneIn(4): length = 1 + at; break;
            case 3 when input.OneIn(4): length += input.Below(300); break;
            default:
                if (length >= MessageHeader.Size + 8) BitConverter.TryWriteBytes(_message.AsSpan(MessageHeader.Size + 8 * input.Below((length - MessageHeader.Size) / 8)), input.NearLimit());
                break;
        }
    }
}
