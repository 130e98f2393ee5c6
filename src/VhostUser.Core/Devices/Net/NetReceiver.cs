using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Receives packets as the driver of a receive ring, all of whose descriptors have a buffer posted.</summary>
internal sealed unsafe class NetReceiver
{
    private const int ReapSize = 64;

    // A device returns the buffers of a packet together; the time is for those that do not quite.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SlotArray _slots;
    private readonly byte* _start; // where the slots are in this process
    private readonly int _headerLength;
    private readonly bool _mergeable;
    private readonly UsedBuffer[] _used; // taken back, not yet looked at: [_next, _count)
    private readonly Segment[] _segments;
    private int _next;
    private int _count;
    private long _incompleteSince; // timestamp, 0 when no packet waits for its rest

    public NetReceiver(DriverRing ring, RegionPiece slots, uint slotSize, int headerLength, bool mergeable, uint? stride = null)
    {
        Ring = ring;
        _slots = new SlotArray(slots.GuestAddress, stride ?? slotSize, slotSize, Writable: true);
        _start = slots.Address;
        _headerLength = headerLength;
        _mergeable = mergeable;
        _used = new UsedBuffer[ring.Queue.Size];
        _segments = GC.AllocateArray<Segment>(ring.Queue.Size, pinned: true);
    }

    public DriverRing Ring { get; }

    /// <summary>Where packets are captured: the endpoint's.</summary>
    public CaptureTap Capture { get; init; } = new();

    /// <summary>Posts a buffer with every free descriptor and tells the device.</summary>
    public void Post()
    {
        DriverQueue queue = Ring.Queue;
        queue.AddSlots(queue.Free, _slots);
        queue.Publish();
        Ring.KickIfWanted();
    }

    /// <summary>Hands up to <paramref name="max"/> packets to the consumer in place, then posts their buffers again. Returns how many.</summary>
    public int Receive<TConsumer>(ref TConsumer consumer, int max) where TConsumer : IPacketConsumer, allows ref struct
    {
        if (_count == _next) Reap();
        int packets = 0;
        while (packets < max && _next < _count)
        {
            int buffers = CountBuffers();
            if (buffers == 1)
            {
                packets += ReceiveSingle(ref consumer);
                continue;
            }
            if (buffers > _count - _next)
            {
                // The rest of a merged packet lies behind what was taken: fetch it, or wait for it, but not for ever.
                ReapUntil(buffers);
                if (buffers > _count - _next)
                {
                    DropOverdue();
                    break;
                }
            }
            _incompleteSince = 0;
            packets += ReceiveMerged(ref consumer, buffers);
        }
        if (Ring.Queue.Free > 0 && _next == _count) Post();
        return packets;
    }

    /// <summary>Whether a packet waits.</summary>
    public bool HasPacket => _next < _count || Ring.Queue.HasUsed();

    /// <summary>Packets that ever came: those received, and what waits, a buffer counted as a packet.</summary>
    public long Arrived
    {
        get
        {
            RingIndices now = Ring.Queue.ReadIndices();
            int waiting = Math.Max((ushort)(now.Used - now.OwnUsed), Ring.Queue.HasUsed() ? 1 : 0);
            return Ring.Counters.Packets + (_count - _next) + waiting;
        }
    }

    private void Reap()
    {
        if (_next > 0)
        {
            Array.Copy(_used, _next, _used, 0, _count - _next);
            _count -= _next;
            _next = 0;
        }
        // A burst at a time: what is taken back is posted again only when it has been looked at, and the device must not run dry meanwhile.
        _count += Ring.Queue.Reap(_used.AsSpan(_count, Math.Min(ReapSize, _used.Length - _count)));
        if (!Sse.IsSupported) return;
        for (int i = _next; i < _count; i++) Sse.Prefetch0(Slot(_used[i].Id)); // another core wrote them: ask for all at once
    }

    private void ReapUntil(int buffers)
    {
        int had;
        do
        {
            had = _count - _next;
            Reap();
        }
        while (_count - _next > had && _count - _next < buffers);
    }

    private void DropOverdue()
    {
        long now = Stopwatch.GetTimestamp();
        if (_incompleteSince == 0) _incompleteSince = now;
        if (Stopwatch.GetElapsedTime(_incompleteSince, now) < Patience) return;
        // Where the next packet begins, nobody can tell: all that came is given up, as other drivers do.
        _incompleteSince = 0;
        _next = _count;
        Ring.Counters.Drops.Add(DropReason.Incomplete);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int CountBuffers()
    {
        if (!_mergeable) return 1;
        UsedBuffer first = _used[_next];
        if (first.Written < (uint)_headerLength) return 1; // dropped as shorter than its header
        int buffers = Volatile.Read(ref *(ushort*)(Slot(first.Id) + NetHeader.LegacyLength)); // num_buffers, read once
        if (buffers > _used.Length) ThrowMerged(buffers);
        return Math.Max(buffers, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowMerged(int buffers) =>
        throw RingException.Create(VhostError.UsedElementInvalid, Ring.Index, $"a packet claims {buffers} merged buffers; the ring has {_used.Length}.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ReceiveSingle<TConsumer>(ref TConsumer consumer) where TConsumer : IPacketConsumer, allows ref struct
    {
        UsedBuffer used = _used[_next++];
        if (used.Written <= (uint)_headerLength)
        {
            Ring.Counters.Drops.Add(used.Written < (uint)_headerLength ? DropReason.ShorterThanHeader : DropReason.Empty);
            return 0;
        }
        var segment = new Segment(Slot(used.Id), used.Written);
        return Deliver(ref consumer, &segment, 1, used.Written);
    }

    private int ReceiveMerged<TConsumer>(ref TConsumer consumer, int buffers) where TConsumer : IPacketConsumer, allows ref struct
    {
        uint total = 0;
        for (int i = 0; i < buffers; i++)
        {
            UsedBuffer used = _used[_next++];
            _segments[i] = new Segment(Slot(used.Id), used.Written);
            total += used.Written;
        }
        if (total == (uint)_headerLength)
        {
            Ring.Counters.Drops.Add(DropReason.Empty);
            return 0;
        }
        fixed (Segment* segments = _segments) return Deliver(ref consumer, segments, buffers, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Deliver<TConsumer>(ref TConsumer consumer, Segment* segments, int count, uint total) where TConsumer : IPacketConsumer, allows ref struct
    {
        uint length = total - (uint)_headerLength;
        Ring.Counters.Packets++;
        Ring.Counters.Bytes += length;
        var packet = new PacketView(segments, count, (uint)_headerLength, length);
        if (Capture.IsOn) Capture.Add(packet, *(NetHeader*)segments->Address, Ring.Index, outbound: false);
        consumer.Consume(packet, new Segment(segments->Address, (uint)_headerLength));
        return 1;
    }

    private byte* Slot(ushort id) => _start + id * (ulong)_slots.Stride;
}
