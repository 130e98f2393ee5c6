using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VhostUser.Memory;

namespace VhostUser.Rings.Split;

/// <summary>The device's side of a split ring (virtio 1.3 §2.7).</summary>
internal sealed unsafe class SplitDeviceQueue : DeviceQueue
{
    private readonly SplitRing _ring;
    private readonly MemoryTable _memory;
    private readonly RingFeatures _features;
    private readonly int _queue;
    private readonly uint _mask;

    // Own cursors; the shared indices are theirs.
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private ushort _knownAvailable; // the driver's index as last seen
    private ushort _lastCalled;     // used index at the last decision about a call

    private MemoryTable.GuestRange _range; // the region hit last: nearly always the next one too

    public SplitDeviceQueue(SplitRing ring, MemoryTable memory, RingFeatures features, int queue, ushort start)
    {
        _ring = ring;
        _memory = memory;
        _features = features;
        _queue = queue;
        _mask = (uint)ring.Size - 1;
        _nextAvailable = _knownAvailable = start;
        _nextUsed = _lastCalled = ring.LoadUsedIndex();
        if (memory.GuestRanges.Length > 0) _range = memory.GuestRanges[0];
    }

    public override int Size => _ring.Size;

    public override uint Base => _nextAvailable;

    public override int Take(ChainBurst burst, int max)
    {
        uint ready = (ushort)(_knownAvailable - _nextAvailable);
        if (ready < (uint)max)
        {
            // The shared line travels between cores: look only when the copy does not suffice.
            ushort available = _ring.LoadAvailableIndex();
            ready = (ushort)(available - _nextAvailable);
            if (ready > (uint)_ring.Size) ThrowJump(available, ready);
            _knownAvailable = available; // only now: an index that was refused must not be believed by the next call
        }
        if (ready == 0) return 0;
        int count = Math.Min((int)ready, Math.Min(max, ChainBurst.MaxChains));
        Chain* chains = burst.Chains;
        Segment* segments = burst.Segments;
        MemoryTable.GuestRange range = _range;
        int segment = 0;
        int i = 0;
        for (; i < count; i++)
        {
            uint head = _ring.AvailableRing[(uint)(_nextAvailable + i) & _mask];
            if (head > _mask) ThrowIndex(head);
            // One 16-byte load: what is checked below is the copy, whatever the driver does to the original.
            Vector128<ulong> raw = Vector128.Load((ulong*)(_ring.Descriptors + head));
            ulong address = raw.GetElement(0);
            ulong rest = raw.GetElement(1);
            uint length = (uint)rest;
            var flags = (DescriptorFlags)(rest >> 32);
            ulong offset = address - range.Start;
            if ((flags & (DescriptorFlags.Next | DescriptorFlags.Indirect)) == 0 && offset < range.Size && length <= range.Size - offset)
            {
                segments[segment] = new Segment(range.Address + offset, length);
                bool writable = (flags & DescriptorFlags.Write) != 0;
                chains[i] = new Chain
                {
                    FirstSegment = segment,
                    Head = (ushort)head,
                    ReadableSegments = writable ? (ushort)0 : (ushort)1,
                    WritableSegments = writable ? (ushort)1 : (ushort)0,
                    ReadableBytes = writable ? 0 : length,
                    WritableBytes = writable ? length : 0,
                };
                segment++;
                continue;
            }
            var walker = new SplitChainWalker(_ring, _memory, _features, _queue, burst, segment, range);
            if (!walker.TryWalk(head, ref chains[i]))
            {
                if (i > 0) break; // the burst is full: this chain opens the next one
                throw RingException.Create(VhostError.ChainTooLong, _queue, $"the chain at descriptor {head} needs more than {burst.SegmentCapacity} pieces of memory.");
            }
            segment = walker.NextSegment;
            range = walker.Range;
        }
        _range = range;
        _nextAvailable += (ushort)i;
        return i;
    }

    public override void Untake(int count) => _nextAvailable -= (ushort)count;

    public override void Return(Chain* chains, int count)
    {
        ulong* ring = _ring.UsedRing;
        ushort used = _nextUsed;
        for (int i = 0; i < count; i++)
            ring[(uint)(used + i) & _mask] = chains[i].Head | (ulong)chains[i].Written << 32; // struct virtq_used_elem { id, len }
        _nextUsed = (ushort)(used + count);
        _ring.StoreUsedIndex(_nextUsed);
    }

    public override bool NeedsCall()
    {
        ushort old = _lastCalled;
        if (old == _nextUsed) return false;
        _lastCalled = _nextUsed;
        // The index must be visible before the driver's wish is read, or both sides wait (virtio 1.3 §2.7.10).
        Interlocked.MemoryBarrier();
        // A legacy driver that negotiated it is told when nothing is left, whatever it wishes (virtio 1.3 §6.3, VIRTIO_F_NOTIFY_ON_EMPTY).
        if (_features is { NotifyOnEmpty: true, Legacy: true } && _nextUsed == _nextAvailable && !HasAvailable()) return true;
        return _features.EventIdx
            ? EventIndex.Passed(_ring.LoadUsedEvent(), _nextUsed, old)
            : (_ring.LoadAvailableFlags() & SplitRing.NoInterrupt) == 0;
    }

    public override bool EnableKicks()
    {
        if (_features.EventIdx) _ring.StoreAvailableEvent(_nextAvailable);
        else _ring.StoreUsedFlags(0);
        // The wish must be visible before the last look, or a chain that comes between is never seen (virtio 1.3 §2.7.10).
        Interlocked.MemoryBarrier();
        return HasAvailable();
    }

    public override void DisableKicks()
    {
        // With the event index a wish that lies behind suppresses by itself.
        if (!_features.EventIdx) _ring.StoreUsedFlags(SplitRing.NoNotify);
    }

    public override bool HasAvailable() => _ring.LoadAvailableIndex() != _nextAvailable;

    public override RingIndices ReadIndices() => new(_ring.LoadAvailableIndex(), _ring.LoadUsedIndex(), _nextAvailable, _nextUsed,
        _ring.LoadAvailableFlags(), _ring.LoadUsedFlags(), _ring.LoadAvailableEvent(), _ring.LoadUsedEvent());

    public override VringDescriptor[] ReadDescriptors() => SplitRingReader.Read(_ring, _queue, _nextAvailable, _memory.TranslateGuest);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowJump(ushort available, uint ready) => throw RingException.Create(VhostError.AvailableIndexInvalid, _queue,
        $"the driver's available index is {available}, {ready} ahead of the device's {_nextAvailable}; a ring of {_ring.Size} can be at most {_ring.Size} ahead.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowIndex(uint head) => throw RingException.Create(VhostError.DescriptorIndexInvalid, _queue,
        $"the available ring names descriptor {head}; the ring has {_ring.Size}.");
}
