using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Transport;

namespace VhostUser.Bench.Link;

/// <summary>One message per packet over the engine, with the twin's window and credits: what the binding itself costs.</summary>
internal sealed unsafe class MessageEnd : IDisposable
{
    private const int Stride = 64 << 10;
    public const int Window = 64;
    private const int Reserve = 2;

    private readonly LinkEngine _engine;
    private readonly byte* _memory;
    private readonly nint[] _registrations = GC.AllocateArray<nint>(1, pinned: true);
    private readonly iovec[] _pieces = GC.AllocateArray<iovec>(1, pinned: true);
    private readonly Completion[] _completions = new Completion[32];
    private readonly int[] _idle = new int[Window];
    private int _idleCount;
    private uint _posted, _peerConsumed, _consumed, _told;
    private bool _ended;
    private ulong _received;

    /// <summary>Posts all receive buffers.</summary>
    public MessageEnd(LinkEngine engine)
    {
        _engine = engine;
        const ulong bytes = 2 * Window * Stride;
        _memory = Libc.Map(bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        _registrations[0] = engine.Register(_memory, bytes);
        for (int i = 0; i < Window; i++)
        {
            _idle[_idleCount++] = i;
            PostReceive(i);
        }
    }

    public void Send(int size, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        for (int turn = 0; !_ended; turn++)
        {
            Poll();
            if ((turn & 63) == 0 && Stopwatch.GetElapsedTime(start) > time) break;
            if (MaySend(Reserve)) TrySend(FrameType.Data, Math.Max(size, FrameHeader.Size));
        }
        Finish();
    }

    public Stream Receive()
    {
        var stream = new Stream();
        while (!_ended)
        {
            Poll();
            stream.Count(_received);
            if (_consumed - _told >= Window / 4 && MaySend(0) && TrySend(FrameType.Credit, FrameHeader.Size)) _told = _consumed;
        }
        return stream;
    }

    public Stream Ping(int size, TimeSpan time)
    {
        var stream = new Stream();
        long start = Stopwatch.GetTimestamp();
        for (ulong rounds = 0; !_ended && ((rounds & 15) != 0 || Stopwatch.GetElapsedTime(start) < time);)
        {
            while (!MaySend(0) || !TrySend(FrameType.Data, size)) Poll();
            rounds++;
            while (_received < rounds && !_ended) Poll();
            stream.Count(2 * rounds);
        }
        Finish();
        return stream;
    }

    public void Pong(int size)
    {
        for (ulong answered = 0; !_ended;)
        {
            Poll();
            if (_received > answered && MaySend(0) && TrySend(FrameType.Data, size)) answered++;
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        Libc.Unmap(_memory, 2 * Window * Stride);
    }

    private void Finish()
    {
        while (!_ended && (!MaySend(0) || !TrySend(FrameType.Load, FrameHeader.Size))) Poll();
        while (!_ended && _idleCount < Window) Poll();
    }

    private bool MaySend(int kept) => _idleCount > 0 && _posted - _peerConsumed < (uint)(Window - kept);

    private bool TrySend(FrameType type, int length)
    {
        int slot = _idle[_idleCount - 1];
        byte* frame = _memory + slot * Stride;
        *(FrameHeader*)frame = new FrameHeader { Version = FrameHeader.CurrentVersion, Type = type, Count = 1, Length = (uint)length, Sequence = _posted, Consumed = _consumed };
        WorkRequest request = Request(slot, (uint)length);
        if (_engine.PostSends(0, new ReadOnlySpan<WorkRequest>(ref request)) == 0) return false;
        _idleCount--;
        _posted++;
        return true;
    }

    private void Poll()
    {
        int count = _engine.Poll(_completions);
        for (int i = 0; i < count; i++)
        {
            Completion done = _completions[i];
            if (done.Error != 0)
            {
                _ended = true; // the other end has gone: after its last message, that is how a run ends
                return;
            }
            if (done.Slot < Window)
            {
                _idle[_idleCount++] = done.Slot;
                continue;
            }
            var frame = (FrameHeader*)(_memory + done.Slot * Stride);
            _peerConsumed = frame->Consumed;
            if (frame->Type == FrameType.Data) _received++;
            if (frame->Type == FrameType.Load) _ended = true;
            _consumed++;
            PostReceive(done.Slot - Window);
        }
    }

    private void PostReceive(int index)
    {
        WorkRequest request = Request(Window + index, Stride);
        if (_engine.PostReceives(0, new ReadOnlySpan<WorkRequest>(ref request)) == 0) throw new InvalidOperationException("the receive queue is full");
    }

    private WorkRequest Request(int slot, uint length)
    {
        _pieces[0] = new iovec { iov_base = _memory + slot * Stride, iov_len = length };
        // Safe: both arrays are pinned.
        fixed (iovec* pieces = _pieces)
        fixed (nint* registrations = _registrations)
            return new WorkRequest { Pieces = pieces, Registrations = registrations, Count = 1, Slot = slot };
    }
}
