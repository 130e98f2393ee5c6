using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>Correct messages of a front-end, each with its descriptors, and the mistakes that are put into them.</summary>
internal sealed unsafe class MessageMaker : IDisposable
{
    public const int MemorySize = 128 << 10;
    public const ulong Guest = 0x1000_0000;

    /// <summary>Bytes of the file for logs and inflight records; a log for all of the memory fits.</summary>
    public const int SideFileSize = 16 << 10;
    public const ulong User = 0x7000_0000_0000;

    /// <summary>Bytes of the areas of one ring of up to 64 descriptors.</summary>
    public const int RingBytes = 4096;

    private const int MaxFds = 8;

    private readonly FileDescriptor[] _files = [FuzzMemory.CreateFile(MemorySize), FuzzMemory.CreateFile(SideFileSize), Libc.EventFd(), Libc.EventFd(), Libc.EpollCreate()];
    private readonly byte[] _message = new byte[5000];
    private readonly int[] _fds = new int[MaxFds];
    private int _length;
    private int _fdCount;

    public ReadOnlySpan<byte> Message => _message.AsSpan(0, _length);

    public ReadOnlySpan<int> Fds => _fds.AsSpan(0, _fdCount);

    public FileDescriptor Memory => _files[0];

    public FileDescriptor SideFile => _files[1];

    /// <summary>A correct message.</summary>
    public void Make(FrontEndRequest request, int ring, ulong value, bool needReply = false)
    {
        MessageTable.TryGet(request, out MessageRule rule);
        _fdCount = 0;
        Span<byte> payload = _message.AsSpan(MessageHeader.Size);
        payload[..512].Clear();
        int size = rule.Size;
        var row = new MemoryRegionDescription { GuestAddress = Guest, UserAddress = User, Size = MemorySize };
        switch (request)
        {
            case FrontEndRequest.SetMemTable:
                payload[0] = 1;
                MemoryMarshal.Write(payload[8..], row);
                size = 40;
                break;
            case FrontEndRequest.AddMemReg or FrontEndRequest.RemMemReg:
                MemoryMarshal.Write(payload, new SingleMemoryRegionPayload { Region = row });
                break;
            case FrontEndRequest.SetVringAddr:
                ulong area = User + (ulong)(ring * RingBytes);
                MemoryMarshal.Write(payload, new VringAddressPayload { Index = (uint)ring, Descriptors = area, Available = area + 1024, Used = area + 2048, Flags = (uint)(value & 1), Log = Guest });
                break;
            case FrontEndRequest.SetVringKick or FrontEndRequest.SetVringCall or FrontEndRequest.SetVringErr:
                payload[0] = (byte)ring;
                break;
            case FrontEndRequest.SetLogBase:
                MemoryMarshal.Write(payload, new LogPayload { Size = SideFileSize });
                break;
            case FrontEndRequest.GetInflightFd or FrontEndRequest.SetInflightFd:
                MemoryMarshal.Write(payload, new InflightPayload { MmapSize = SideFileSize, QueueCount = 2, QueueSize = 64 });
                break;
            case FrontEndRequest.GetConfig or FrontEndRequest.SetConfig:
                MemoryMarshal.Write(payload[4..], 8u);
                size += 8;
                break;
            default:
                bool state = rule.Size == 8 && request is >= FrontEndRequest.SetVringNum and <= FrontEndRequest.GetVringBase or FrontEndRequest.SetVringEnable;
                if (state) MemoryMarshal.Write(payload, new VringStatePayload { Index = (uint)ring, Number = (uint)value });
                else if (rule.Size >= 8) MemoryMarshal.Write(payload, value);
                break;
        }
        if (rule.Fds is FdRule.One or FdRule.OneUnlessNoFd or FdRule.PerRegion) _fds[_fdCount++] = FileFor(request);
        MemoryMarshal.Write(_message, MessageHeader.ForRequest(request, size, needReply));
        _length = MessageHeader.Size + size;
    }

    /// <summary>A message with this payload and without descriptors.</summary>
    public void Make<T>(FrontEndRequest request, T payload, bool needReply) where T : unmanaged
    {
        _fdCount = 0;
        MemoryMarshal.Write(_message, MessageHeader.ForRequest(request, sizeof(T), needReply));
        MemoryMarshal.Write(_message.AsSpan(MessageHeader.Size), payload);
        _length = MessageHeader.Size + sizeof(T);
    }

    /// <summary>Puts mistakes into the message and its descriptors.</summary>
    public void Spoil(ref FuzzInput input)
    {
        if (input.OneIn(8))
        {
            _fdCount = input.Below(MaxFds + 1);
            for (int i = 0; i < _fdCount; i++) _fds[i] = _files[input.Below(_files.Length)].Number;
        }
        for (int mistakes = input.Below(4); mistakes > 0; mistakes--) SpoilOnce(ref input);
    }

    public void Dispose()
    {
        foreach (FileDescriptor file in _files) file.Dispose();
    }

    private int FileFor(FrontEndRequest request) => request switch
    {
        FrontEndRequest.SetMemTable or FrontEndRequest.AddMemReg => _files[0].Number,
        FrontEndRequest.SetLogBase or FrontEndRequest.SetInflightFd => _files[1].Number,
        _ => _files[2].Number,
    };

    private void SpoilOnce(ref FuzzInput input)
    {
        int payload = _length - MessageHeader.Size;
        // Most mistakes are in the payload: one in the header ends the session.
        bool inPayload = payload > 0 && !input.OneIn(6);
        int at = inPayload ? MessageHeader.Size + input.Below(payload) : input.Below(MessageHeader.Size);
        switch (input.Below(9))
        {
            case 0 or 1: _message[at] ^= (byte)(1 << input.Below(8)); break;
            case 2: _message[at] = input.Byte(); break;
            case 3: _message[at] = 0xff; break;
            case 4 when !inPayload: _length = Math.Max(1, at); break;
            case 5 when !inPayload: _length = Math.Min(_message.Length, _length + input.Below(300)); break;
            case 6 when !inPayload: MemoryMarshal.Write(_message.AsSpan(8), input.UInt32()); break;
            default:
                int field = MessageHeader.Size + 8 * input.Below(5);
                if (field + 8 <= _length) MemoryMarshal.Write(_message.AsSpan(field), input.NearLimit());
                break;
        }
    }
}
