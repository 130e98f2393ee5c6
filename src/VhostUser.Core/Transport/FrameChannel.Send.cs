using System.Runtime.CompilerServices;

namespace VhostUser.Transport;

/// <summary>The way out: packets are gathered in an open frame, which goes when it is full or there is nothing more to put in.</summary>
internal sealed unsafe partial class FrameChannel
{
    private readonly int[] _freeSends = new int[ChannelOptions.SendFrames];
    private readonly int[] _freeControls = new int[ChannelOptions.ControlFrames];
    private int _freeSendCount;
    private int _freeControlCount;
    private int _open = -1;     // the frame being filled
    private byte* _openFrame;
    private uint _fill;         // bytes in it, its header included
    private int _openPackets;
    private long _openBytes;
    private bool _isFinished;   // it has its number and seal, and only waits for the engine
    private bool _isStalled;    // it waits for credits
    private ulong _sequence;    // of the next frame
    private uint _peerConsumed;
    private uint _peerDelivered;

    /// <summary>Room for a packet in the open frame; null when it has to wait for credits or for frames that are on their way.</summary>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="withHeader">Whether a header goes with it.</param>
    /// <param name="header">Room for the header.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* TryReserve(uint length, bool withHeader, out byte* header)
    {
        uint footprint = PacketRecord.Footprint(length, withHeader);
        header = null;
        if ((_open < 0 || _isFinished || _fill + footprint > (uint)_options.FillBytes && _openPackets > 0) && !TryOpen()) return null;
        byte* at = _openFrame + _fill;
        *(PacketRecord*)at = new PacketRecord { Length = length, Flags = withHeader ? PacketRecord.HasHeader : 0 };
        at += PacketRecord.Size;
        if (withHeader)
        {
            header = at;
            ((ulong*)at)[0] = ((ulong*)at)[1] = 0;
            at += PacketRecord.HeaderRoom;
        }
        if ((length & 7) != 0) *(ulong*)(at + (length & ~7u)) = 0; // no byte of an older frame goes out as padding
        _fill += footprint;
        _openPackets++;
        _openBytes += length;
        return at;
    }

    /// <summary>Sends the open frame, if it has packets and the peer has buffers. True when nothing is left here.</summary>
    public bool Flush()
    {
        if (_open < 0 || _openPackets == 0 && !_isFinished) return true;
        return TryPostOpen(FrameType.Data);
    }

    /// <summary>Sends a frame of bytes that only measure; false when there is no credit for it.</summary>
    public bool TrySendLoad()
    {
        if (!Flush() || _open >= 0 || _freeSendCount == 0 || Credits <= ChannelOptions.Reserve) return false;
        TakeFrame();
        _fill = (uint)(LoadFrameBytes - _tail);
        if (TryPostOpen(FrameType.Load)) return true;
        _openPackets = 0;
        return false;
    }

    /// <summary>Bytes of a frame that only measures.</summary>
    public int LoadFrameBytes => _options.FillBytes;

    /// <summary>Sends a small frame; false when there is no credit left, even in reserve.</summary>
    public bool TrySendControl<T>(FrameType type, T payload, int size) where T : unmanaged
    {
        if (_isFinished || _freeControlCount == 0 || Credits <= 0) return false;
        int index = _freeControls[_freeControlCount - 1];
        byte* frame = ControlFrame(index);
        if (size > 0) *(T*)(frame + FrameHeader.Size) = payload;
        uint length = Finish(frame, type, (uint)(FrameHeader.Size + size), 0);
        WorkRequest request = Request(frame, length, ChannelOptions.ReceiveFrames + ChannelOptions.SendFrames + index);
        if (_engine.PostSends(_endpoint, new ReadOnlySpan<WorkRequest>(ref request)) == 0)
        {
            _sequence--; // nobody saw it, so the number is free again
            return false;
        }
        _freeControlCount--;
        Counters.FramesSent++;
        _advertised = _consumed;
        return true;
    }

    /// <summary>Gives credits back when that has not happened by other frames.</summary>
    public void ReturnCredits()
    {
        if (_consumed - _advertised >= ChannelOptions.ReceiveFrames / 4) TrySendControl(FrameType.Credit, 0, 0);
    }

    private bool TryOpen()
    {
        if (_open >= 0 && !TryPostOpen(FrameType.Data)) return false;
        if (_freeSendCount == 0) return false;
        TakeFrame();
        return true;
    }

    private void TakeFrame()
    {
        _open = _freeSends[--_freeSendCount];
        _openFrame = SendFrame(_open);
        _fill = FrameHeader.Size;
        _openPackets = 0;
        _openBytes = 0;
    }

    private bool TryPostOpen(FrameType type)
    {
        if (!_isFinished)
        {
            if (Credits <= ChannelOptions.Reserve)
            {
                if (!_isStalled) Counters.CreditStalls++;
                _isStalled = true;
                return false;
            }
            _fill = Finish(_openFrame, type, _fill, _openPackets);
            _isFinished = true;
            _isStalled = false;
        }
        WorkRequest request = Request(_openFrame, _fill, ChannelOptions.ReceiveFrames + _open);
        if (_engine.PostSends(_endpoint, new ReadOnlySpan<WorkRequest>(ref request)) == 0) return false;
        Counters.FramesSent++;
        Counters.PacketsSent += _openPackets;
        Counters.BytesSent += _openBytes;
        _advertised = _consumed;
        _isFinished = false;
        _open = -1;
        return true;
    }

    /// <summary>Writes the header, and seals what follows; returns the bytes to send.</summary>
    private uint Finish(byte* frame, FrameType type, uint length, int packets)
    {
        length += (uint)_tail;
        *(FrameHeader*)frame = new FrameHeader
        {
            Version = FrameHeader.CurrentVersion,
            Type = type,
            Sealed = _options.Sealer is null ? (byte)0 : (byte)1,
            Queue = (ushort)_endpoint,
            Count = (ushort)packets,
            Session = _options.Session,
            Length = length,
            Sequence = _sequence++,
            Consumed = _consumed,
            Delivered = (uint)Counters.PacketsReceived,
        };
        _options.Sealer?.Seal(new Span<byte>(frame, (int)length));
        return length;
    }
}
