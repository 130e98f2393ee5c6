using System.Diagnostics;
using System.Runtime.CompilerServices;
using VhostUser.Memory;

namespace VhostUser.Transport;

/// <summary>The way in: frames are checked as they come, and their packets handed out in order, when the receiver has room for them.</summary>
internal sealed unsafe partial class FrameChannel
{
    private readonly int[] _ready = new int[ChannelOptions.ReceiveFrames]; // frames with packets to hand out, in their order
    private int _readyHead;
    private int _readyCount;
    private int _readyPackets; // of the first of them
    private uint _at;          // where its next packet begins
    private ulong _expected;   // sequence number of the next frame
    private uint _consumed;
    private uint _advertised;  // what the peer was told of it

    /// <summary>Whether packets wait to be taken.</summary>
    public bool HasPacket => _readyCount > 0;

    /// <summary>When the last frame came, in ticks of <see cref="Stopwatch"/>.</summary>
    public long LastHeard { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>The last answer to a question for the round trip, and when it came; the number is 0 for a heartbeat.</summary>
    public Action<ulong, TimeSpan>? OnPong { get; set; }

    /// <summary>The peer posted receive buffers of its guest (Direct mode).</summary>
    public Func<Grant, bool>? OnGrant { get; set; }

    /// <summary>The next packet, in its frame, as one segment; it stays there until <see cref="Advance"/>.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="header">The header's first ten bytes, or null when it leaves nothing to do.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPeek(out Segment packet, out byte* header)
    {
        packet = default;
        header = null;
        if (_readyCount == 0) return false;
        byte* body = ReceiveFrame(_ready[_readyHead]) + FrameHeader.Size;
        uint after = _at;
        uint start = FrameReader.Next(body, ref after, out uint length, out bool hasHeader);
        if (hasHeader) header = body + start - PacketRecord.HeaderRoom;
        packet = new Segment(body + start, length);
        return true;
    }

    /// <summary>Steps behind the packet; its memory may be used again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance()
    {
        byte* body = ReceiveFrame(_ready[_readyHead]) + FrameHeader.Size;
        FrameReader.Next(body, ref _at, out uint length, out _);
        Counters.PacketsReceived++;
        Counters.BytesReceived += length;
        if (--_readyPackets > 0) return;
        int frame = _ready[_readyHead];
        _readyHead = (_readyHead + 1) % ChannelOptions.ReceiveFrames;
        _readyCount--;
        Consume(frame);
        if (_readyCount > 0) Begin();
    }

    private FrameFault Receive(int index, uint length)
    {
        byte* frame = ReceiveFrame(index);
        var bytes = new Span<byte>(frame, (int)Math.Min(length, ChannelOptions.FrameBytes));
        FrameFault fault = FrameReader.CheckHeader(bytes, _endpoint, _options.Session, _options.Sealer is not null, out FrameHeader header);
        if (fault != FrameFault.None && !_options.IsConnected) return LeaveOut(index);
        if (fault != FrameFault.None) return fault;
        if (header.Sequence != _expected) return FrameFault.Sequence;
        if (_options.Sealer is not null && !_options.Sealer.TryOpen(bytes)) return FrameFault.Seal;
        fault = FrameReader.CheckBody(header, bytes[FrameHeader.Size..^_tail]);
        if (fault != FrameFault.None) return fault;
        // Between what was known and what was sent; both counts wrap.
        if (header.Consumed - _peerConsumed > (uint)_sequence - _peerConsumed || header.Delivered - _peerDelivered > (uint)Counters.PacketsSent - _peerDelivered) return FrameFault.Credit;
        _expected++;
        _peerConsumed = header.Consumed;
        _peerDelivered = header.Delivered;
        LastHeard = Stopwatch.GetTimestamp();
        Counters.FramesReceived++;
        if (header.Type == FrameType.Data)
        {
            _ready[(_readyHead + _readyCount++) % ChannelOptions.ReceiveFrames] = index;
            if (_readyCount == 1) Begin();
            return FrameFault.None;
        }
        fault = Handle(header, frame + FrameHeader.Size);
        Consume(index);
        return fault;
    }

    private FrameFault Handle(in FrameHeader header, byte* body)
    {
        switch (header.Type)
        {
            case FrameType.Ping:
                TrySendControl(FrameType.Pong, *(Probe*)body, Probe.Size); // without credit the asker asks again
                return FrameFault.None;
            case FrameType.Pong:
                Probe probe = *(Probe*)body;
                OnPong?.Invoke(probe.Number, Stopwatch.GetElapsedTime((long)probe.Stamp));
                return FrameFault.None;
            case FrameType.Grant:
                return OnGrant is null || !OnGrant(*(Grant*)body) ? FrameFault.Type : FrameFault.None;
            default:
                return FrameFault.None;
        }
    }

    private void Begin()
    {
        _at = 0;
        _readyPackets = ((FrameHeader*)ReceiveFrame(_ready[_readyHead]))->Count;
    }

    private void Consume(int index)
    {
        _consumed++;
        PostReceive(index);
    }

    // Whoever sent it has no credits here, so nobody gets any back.
    private FrameFault LeaveOut(int index)
    {
        Counters.ForeignFrames++;
        PostReceive(index);
        return FrameFault.None;
    }

    private void PostReceive(int index)
    {
        WorkRequest request = Request(ReceiveFrame(index), ChannelOptions.FrameBytes, index);
        if (_engine.PostReceives(_endpoint, new ReadOnlySpan<WorkRequest>(ref request)) == 0)
            throw new VhostException(VhostError.FabricFailed, "The fabric's receive queue is full; it was made for all frames.", $"queue pair {_endpoint}", "This is a defect of the provider; try another -Provider.");
    }
}
