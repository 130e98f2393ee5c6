using VhostUser.Interop;

namespace VhostUser.Transport;

/// <summary>
/// Frames of one queue pair to and from the peer. Credits keep a sender from sending more than the receiver has buffers posted for:
/// each frame takes one of the peer's buffers, and its <see cref="FrameHeader.Consumed"/> gives them back, as a count that only grows.
/// </summary>
internal sealed unsafe partial class FrameChannel
{
    private readonly LinkEngine _engine;
    private readonly int _endpoint;
    private readonly ChannelOptions _options;
    private readonly byte* _memory;
    private readonly nint[] _registrations = GC.AllocateArray<nint>(1, pinned: true);
    private readonly iovec[] _pieces = GC.AllocateArray<iovec>(1, pinned: true);
    private readonly int _firstSlot;
    private readonly int _tail; // bytes of a frame that the seal takes

    /// <param name="engine">The engine.</param>
    /// <param name="endpoint">Its endpoint, which is also the number of the queue pair.</param>
    /// <param name="options">What was agreed on.</param>
    /// <param name="memory"><see cref="ChannelOptions.MemoryBytes"/> bytes, registered.</param>
    /// <param name="registration">Their registration.</param>
    /// <param name="firstSlot">The first of <see cref="ChannelOptions.Slots"/> slots of the engine.</param>
    public FrameChannel(LinkEngine engine, int endpoint, ChannelOptions options, byte* memory, nint registration, int firstSlot)
    {
        _engine = engine;
        _endpoint = endpoint;
        _options = options;
        _memory = memory;
        _registrations[0] = registration;
        _firstSlot = firstSlot;
        _tail = options.Sealer is null ? 0 : FrameSealer.TagSize;
        for (int i = 0; i < ChannelOptions.SendFrames; i++) _freeSends[_freeSendCount++] = i;
        for (int i = 0; i < ChannelOptions.ControlFrames; i++) _freeControls[_freeControlCount++] = i;
    }

    /// <summary>What the channel did.</summary>
    public ChannelCounters Counters { get; } = new();

    /// <summary>Frames that may be sent before the peer gives credits.</summary>
    public int Credits => ChannelOptions.ReceiveFrames - (int)((uint)_sequence - _peerConsumed);

    /// <summary>Packets in the open frame, which nobody has sent yet.</summary>
    public int Unsent => _open >= 0 ? _openPackets : 0;

    /// <summary>Packets sent that the peer has not taken out of their frames, as far as it has said.</summary>
    public long Unacknowledged => (uint)Counters.PacketsSent - _peerDelivered;

    /// <summary>Posts all receive buffers; to be called once, before the peer sends.</summary>
    public void Start()
    {
        for (int i = 0; i < ChannelOptions.ReceiveFrames; i++) PostReceive(i);
    }

    /// <summary>Handles a completion of one of this channel's slots, counted from its first.</summary>
    /// <returns>What is wrong with the frame that came, or None.</returns>
    public FrameFault Complete(int slot, uint length)
    {
        if (slot < ChannelOptions.ReceiveFrames) return Receive(slot, length);
        if (slot < ChannelOptions.ReceiveFrames + ChannelOptions.SendFrames) _freeSends[_freeSendCount++] = slot - ChannelOptions.ReceiveFrames;
        else _freeControls[_freeControlCount++] = slot - ChannelOptions.ReceiveFrames - ChannelOptions.SendFrames;
        return FrameFault.None;
    }

    private byte* ReceiveFrame(int index) => _memory + index * ChannelOptions.FrameBytes;

    private byte* SendFrame(int index) => _memory + (ChannelOptions.ReceiveFrames + index) * ChannelOptions.FrameBytes;

    private byte* ControlFrame(int index) =>
        _memory + (ChannelOptions.ReceiveFrames + ChannelOptions.SendFrames) * ChannelOptions.FrameBytes + index * ChannelOptions.ControlBytes;

    private WorkRequest Request(byte* address, uint length, int slot)
    {
        _pieces[0] = new iovec { iov_base = address, iov_len = length };
        // Safe: both arrays are pinned for their life.
        return new WorkRequest
        {
            Pieces = (iovec*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, 0),
            Registrations = (nint*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_registrations, 0),
            Count = 1,
            Slot = _firstSlot + slot,
        };
    }
}
