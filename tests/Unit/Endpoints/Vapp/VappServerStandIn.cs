using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>
/// vapp's server on a thread of its own: it takes ring 1 when that is kicked, and puts the last packet of each burst into ring 0.
/// It answers three requests and aborts on one it does not know.
/// </summary>
internal sealed unsafe class VappServerStandIn : IDisposable
{
    private readonly ListeningSocket _listener;
    private readonly Thread _thread;
    private readonly MemoryTable _memory = new();
    private readonly FileDescriptor?[] _kicks = new FileDescriptor?[2];
    private readonly ushort[] _bases = new ushort[2];
    private readonly VappRing?[] _rings = new VappRing?[2];
    private volatile bool _stopping;

    public VappServerStandIn(string path)
    {
        _listener = ListeningSocket.Open(path, null, force: false);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The requests in the order in which they came.</summary>
    public List<FrontEndRequest> Requests { get; } = [];

    /// <summary>Why the program would have ended.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Ring 0, once its addresses have come.</summary>
    public VappRing Answers => _rings[0]!;

    /// <summary>Run once, in place of the answer to the next burst; for tests of a server that breaks the rules.</summary>
    public Action? Misbehave { get; set; }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _listener.Dispose();
        _memory.Dispose();
        foreach (FileDescriptor? kick in _kicks) kick?.Dispose();
    }

    private void Run()
    {
        try
        {
            FileDescriptor? socket = null;
            while (socket is null && !_stopping)
            {
                Span<pollfd> incoming = [new pollfd { fd = _listener.Fd, events = Libc.POLLIN }];
                Libc.Poll(incoming, 50);
                socket = _listener.TryAccept();
            }
            if (socket is null) return;
            using var connection = new Connection(socket, isFrontEnd: false);
            while (!_stopping) Step(connection);
        }
        catch (VhostException closed) when (closed.Error == VhostError.PeerDisconnected)
        {
            // The client has left.
        }
        catch (Exception failure)
        {
            Failure = failure;
        }
    }

    private void Step(Connection connection)
    {
        Span<pollfd> poll = [new pollfd { fd = connection.Fd, events = Libc.POLLIN }, new pollfd { fd = _kicks[1]?.Number ?? -1, events = Libc.POLLIN }];
        Libc.Poll(poll, 50);
        if (connection.TryReceive()) Handle(connection, connection.Current);
        if (_kicks[1] is not FileDescriptor kick || EventFd.Consume(kick.Number) == 0 || _rings[1] is not VappRing sent) return; // a kick before the addresses is lost
        List<byte[]> frames = sent.TakeAvailable();
        if (frames.Count == 0 || _rings[0] is not VappRing answers) return;
        if (Misbehave is Action misbehave) misbehave();
        else answers.Put(frames[^1]);
        EventFd.Signal(_kicks[0]!.Number);
        if ((sent.Broken ?? answers.Broken) is string broken) throw new InvalidOperationException(broken);
    }

    private void Handle(Connection connection, Message message)
    {
        FrontEndRequest request = message.Header.Request;
        lock (Requests) Requests.Add(request);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(message.Payload);
        uint index = words.Length > 0 ? (uint)words[0] : 0;
        switch (request)
        {
            case FrontEndRequest.SetOwner: break;
            case FrontEndRequest.GetFeatures: Reply(connection, request, 0); break;
            case FrontEndRequest.SetMemTable:
                for (int i = 0; i < (int)words[0]; i++)
                {
                    Assert.Equal(0ul, words[4 + 4 * i]); // it would read outside of its mapping
                    _memory.Add(MemoryRegion.Map(MemoryMarshal.Read<MemoryRegionDescription>(message.Payload[(8 + 32 * i)..]), message.BorrowFd(i), i));
                }
                break;
            case FrontEndRequest.SetVringNum: Assert.Equal((uint)VappRing.Size, (uint)(words[0] >> 32)); break;
            case FrontEndRequest.SetVringBase: _bases[index] = (ushort)(words[0] >> 32); break;
            case FrontEndRequest.SetVringKick: _kicks[index] = message.TakeFd() ?? throw new InvalidOperationException("no kick"); break;
            case FrontEndRequest.SetVringCall: Assert.Equal(1, message.FdCount); break;
            case FrontEndRequest.SetVringAddr:
                _rings[index] = new VappRing(_memory.TranslateUser(words[1], 16 * VappRing.Size), _memory.TranslateUser(words[3], 4), _memory.TranslateUser(words[2], 4),
                    address => (nint)_memory.TranslateGuest(address, 1)) { LastAvailable = _bases[index] };
                break;
            case FrontEndRequest.GetVringBase: Reply(connection, request, index | (ulong)(_rings[index]?.LastAvailable ?? 0) << 32); break;
            default: throw new InvalidOperationException($"vapp aborts or does not know {request}");
        }
        message.CloseFds();
    }

    private static void Reply(Connection connection, FrontEndRequest request, ulong value) =>
        connection.Send(MessageHeader.ForReply(request, 8), new ReadOnlySpan<byte>(&value, 8));
}
