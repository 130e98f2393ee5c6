using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// A session of a back-end over a socket pair, with nothing between the parser and the packet path left out: a handshake that goes as far
/// as the input says, then spoilt messages, and a round over the rings, whose content is anything, after each.
/// </summary>
internal sealed unsafe class MessagesTarget : FuzzTarget
{
    private const int MaxMessages = 24;
    private const ProtocolFeatures Protocol = BackEndOptions.DefaultProtocolFeatures | ProtocolFeatures.Config;

    private static readonly (FrontEndRequest Request, ulong Value)[] s_handshake =
    [
        (FrontEndRequest.SetOwner, 0), (FrontEndRequest.SetProtocolFeatures, (ulong)Protocol), (FrontEndRequest.SetFeatures, (ulong)BackEndOptions.DefaultFeatures),
        (FrontEndRequest.SetMemTable, 0), (FrontEndRequest.SetInflightFd, 0), (FrontEndRequest.SetVringNum, 64), (FrontEndRequest.SetVringBase, 0), (FrontEndRequest.SetVringAddr, 1), (FrontEndRequest.SetVringCall, 0),
        (FrontEndRequest.SetVringKick, 0), (FrontEndRequest.SetVringEnable, 1), (FrontEndRequest.SetLogBase, 0), (FrontEndRequest.SetStatus, 15),
    ];

    private static readonly BackEndOptions s_options = new() { ConfigSpace = new byte[12], ProtocolFeatures = Protocol };

    private readonly MessageMaker _maker = new();
    private readonly EchoDevice _device = new();
    private readonly byte* _memory;
    private readonly byte* _side;
    private readonly Action<Vring> _ignore = _ => { };
    private VhostException? _refusal;

    public MessagesTarget()
    {
        _memory = Libc.Map(MessageMaker.MemorySize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, _maker.Memory.Number, 0);
        _side = Libc.Map(MessageMaker.SideFileSize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, _maker.SideFile.Number, 0);
    }

    public override string Name => "messages";

    public override int InputBytes => 384;

    public override int Run(ref FuzzInput input)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        using var peer = new FuzzSocket(theirs);
        using var session = new BackEnd(new Connection(ours, isFrontEnd: false), s_options, _device, _ignore, _ignore);
        FillRings(ref input);
        int sent = 0;
        try
        {
            int steps = input.Below(s_handshake.Length + 1);
            VirtioFeatures exclude = input.OneIn(3) ? (VirtioFeatures)input.UInt64() : 0;
            for (int i = 0; i < steps; i++)
            {
                (FrontEndRequest request, ulong value) = s_handshake[i];
                if (request is FrontEndRequest.SetInflightFd or FrontEndRequest.SetLogBase && !input.OneIn(2)) continue;
                if (request == FrontEndRequest.SetFeatures) value &= ~(ulong)exclude;
                for (int ring = 0; ring < (request is >= FrontEndRequest.SetVringNum and <= FrontEndRequest.SetVringErr or FrontEndRequest.SetVringEnable ? 2 : 1); ring++, sent++)
                {
                    _maker.Make(request, ring, value);
                    Exchange(peer, session);
                }
            }
            for (int i = 0; i < MaxMessages && !input.IsEmpty; i++, sent++)
            {
                FrontEndRequest request = MessageTable.Rules[input.Below(MessageTable.Rules.Length)].Request;
                _maker.Make(request, input.Below(3), request == FrontEndRequest.SetVringNum ? 1u << input.Below(17) : (ulong)input.Below(3), needReply: !input.OneIn(8));
                _maker.Spoil(ref input);
                Exchange(peer, session);
            }
        }
        catch (VhostException error) when (error.Error != VhostError.NativeCallFailed)
        {
            Blame(error); // the session has ended; that is an answer
        }
        return Math.Max(sent, 1);
    }

    public override void Dispose()
    {
        Libc.Unmap(_memory, MessageMaker.MemorySize);
        Libc.Unmap(_side, MessageMaker.SideFileSize);
        _device.Dispose();
        _maker.Dispose();
    }

    private void Exchange(FuzzSocket peer, BackEnd session)
    {
        peer.Send(_maker.Message, _maker.Fds);
        session.HandleMessages();
        Good();
        if (session.LastRefusal is VhostException refusal && refusal != _refusal) Blame(_refusal = refusal);
        peer.Drain();
        foreach (NetQueuePair pair in session.ActivePairs) _device.Process(pair);
        if (session.LostMemory is VhostException lost) throw lost;
    }

    private void FillRings(ref FuzzInput input)
    {
        new Span<byte>(_memory, MessageMaker.MemorySize).Clear();
        new Span<byte>(_side, MessageMaker.SideFileSize).Clear();
        for (int i = input.Below(6); i > 0; i--) _side[input.Below(2304)] = input.Byte();
        for (int ring = 0; ring < 2; ring++)
        {
            byte* area = _memory + ring * MessageMaker.RingBytes;
            for (int i = input.Below(8); i > 0; i--)
            {
                ulong* descriptor = (ulong*)(area + 16 * input.Below(64));
                descriptor[0] = input.OneIn(8) ? input.NearLimit() : MessageMaker.Guest + (ulong)(4 * MessageMaker.RingBytes + input.Below(65536));
                descriptor[1] = FuzzMemory.Length(ref input) | (ulong)input.Byte() << 32 | (ulong)input.Below(64) << 48;
            }
            for (int i = 0; i < 8; i++) ((ushort*)(area + 1024))[2 + i] = (ushort)(i * 8);
            ((ushort*)(area + 1024))[1] = (ushort)input.Below(10);
        }
    }
}
