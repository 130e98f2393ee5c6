using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Transport;

namespace VhostUser.Tests.Transport;

/// <summary>A connecting end that says and sends whatever a test wants, after a handshake as an honest one's.</summary>
internal sealed unsafe class RogueEnd : IDisposable
{
    private const int Buffers = 64;
    private const int BufferBytes = 128 << 10;

    private readonly Socket _socket;
    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc((Buffers + 1) * BufferBytes, 4096);
    private readonly nint[] _registrations = GC.AllocateArray<nint>(1, pinned: true);
    private readonly iovec[] _pieces = GC.AllocateArray<iovec>(1, pinned: true);
    private FabricEngine? _engine;
    private bool _sending;

    private RogueEnd(Socket socket) => _socket = socket;

    public LinkAgreement Agreement { get; private set; } = null!;

    public ulong Sequence { get; set; }

    public static RogueEnd Connect(int port, byte[]? key = null, LinkHello? hello = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var rogue = new RogueEnd(socket);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            var control = new ControlStream(new NetworkStream(socket), isListener: false);
            hello ??= LinkHelloTests.Hello() with { Instance = Guid.NewGuid(), Nonce = LinkCredential.CreateKey() };
            LinkHandshake.Result result = LinkHandshake.ConnectAsync(control, hello, key, default).GetAwaiter().GetResult();
            rogue.Agreement = result.Agreement;
            var fabric = new IPEndPoint(IPAddress.Loopback, FabricEngine.ReadAddress(result.Agreement.Address).Port);
            rogue._engine = FabricEngine.ForPeer(FabricProvider.Of(LinkProvider.Tcp), fabric, IPAddress.Loopback, 1, Buffers + 1);
            rogue._engine.Connect(result.Agreement.Token, TimeSpan.FromSeconds(5), default);
            rogue.PostReceives();
            control.SendAsync(ControlMessage.Ready, default, default).Wait();
            control.ExpectAsync(ControlMessage.Ready, default).Wait();
            return rogue;
        }
        catch
        {
            rogue.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message as it is, and lets the fabric move until it is out.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        message.CopyTo(new Span<byte>(_memory + Buffers * BufferBytes, BufferBytes));
        WorkRequest request = Request(Buffers, (uint)message.Length);
        _sending = true;
        while (_engine!.PostSends(0, new ReadOnlySpan<WorkRequest>(ref request)) == 0) Poll();
        while (_sending && Poll()) { }
    }

    /// <summary>A correct frame with one packet.</summary>
    public byte[] Frame(int packetLength = 100, FrameType type = FrameType.Data)
    {
        int body = type == FrameType.Data ? (int)PacketRecord.Footprint((uint)packetLength, false) : type == FrameType.Ping ? Probe.Size : 0;
        byte[] frame = new byte[FrameHeader.Size + body];
        MemoryMarshal.Write(frame, new FrameHeader
        {
            Version = FrameHeader.CurrentVersion, Type = type, Count = (ushort)(type == FrameType.Data ? 1 : 0), Session = Agreement.Session, Length = (uint)frame.Length, Sequence = Sequence++,
        });
        if (type == FrameType.Data) MemoryMarshal.Write(frame.AsSpan(FrameHeader.Size), new PacketRecord { Length = (uint)packetLength });
        return frame;
    }

    /// <summary>Looks at the fabric once; false when the connection is gone.</summary>
    public bool Poll()
    {
        Span<Completion> completions = stackalloc Completion[16];
        try
        {
            int count = _engine!.Poll(completions);
            foreach (Completion completion in completions[..count])
            {
                if (completion.Error != 0) return false;
                if (completion.Slot == Buffers) _sending = false;
            }
            return !_engine.IsClosed;
        }
        catch (VhostException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _engine?.Dispose();
        _socket.Dispose();
        NativeMemory.AlignedFree(_memory);
    }

    private void PostReceives()
    {
        _registrations[0] = _engine!.Register(_memory, (Buffers + 1) * BufferBytes);
        for (int i = 0; i < Buffers; i++)
        {
            WorkRequest request = Request(i, BufferBytes);
            _engine.PostReceives(0, new ReadOnlySpan<WorkRequest>(ref request));
        }
    }

    private WorkRequest Request(int slot, uint length)
    {
        _pieces[0] = new iovec { iov_base = _memory + slot * BufferBytes, iov_len = length };
        return new WorkRequest
        {
            Pieces = (iovec*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, 0), Registrations = (nint*)Marshal.UnsafeAddrOfPinnedArrayElement(_registrations, 0), Count = 1, Slot = slot,
        };
    }
}
