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

    // Only with INFLIGHT_SHMFD: the record, and the heads that a back-end before had in work, which come first.
    private SplitInflight? _inflight;
    private ushort[] _resubmitted = [];
    private int _nextResubmitted;
    private bool _tookResubmitted;

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

    /// <summary>Keeps a record of what is in flight, and takes again what it says was. Call it before the first chain is taken.</summary>
    /// <exception cref="VhostException">InflightInvalid.</exception>
    public void Resume(SplitInflight inflight)
    {
        _resubmitted = inflight.Recover(_nextUsed);
        _inflight = inflight;
        _nextAvailable = _knownAvailable = (ushort)(_nextUsed + _resubmitted.Length);
    }

    public override int Take(ChainBurst burst, int max)
    {
        if (_inflight is null) return TakeAvailable(burst, max);
        _tookResubmitted = _nextResubmitted < _resubmitted.Length;
        if (_tookResubmitted) return TakeResubmitted(burst, max);
        int count = TakeAvailable(burst, max);
        for (int i = 0; i < count; i++) _inflight.Add(burst.Chains[i].Head);
        return count;
    }

    private int TakeResubmitted(ChainBurst burst, int max)
    {
        int i = 0;
        int segment = 0;
        MemoryTable.GuestRange range = _range;
        for (; i < Math.Min(max, ChainBurst.MaxChains) && _nextResubmitted < _resubmitted.Length; i++)
        {
            var walker = new SplitChainWalker(_ring, _memory, _features, _queue, burst, segment, range);
            if (!walker.TryWalk(_resubmitted[_nextResubmitted], ref burst.Chains[i]))
            {
                if (i > 0) break; // the burst is full: this chain opens the next one
                throw RingException.Create(VhostError.ChainTooLong, _queue, $"the chain at descriptor {_resubmitted[_nextResubmitted]} needs more than {burst.SegmentCapacity} pieces of memory.");
            }
            _nextResubmitted++;
            segment = walker.NextSegment;
            range = walker.Range;
        }
        return i;
    }

    private int TakeAvailable(ChainBurst burst, int max)
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
        int segment = 0;
        int i = 0;
        while (true)
        {
            int plain = TakePlain(burst, i, count, segment);
            i += plain;
            segment += plain;
            if (i == count || !TryWalk(burst, i, ref segment)) break;
            i++;
        }
        _nextAvailable += (ushort)i;
        return i;
    }

    /// <summary>Takes chains of one descriptor inside the region hit last, as long as nothing else comes: the usual ones, by few instructions. Returns how many.</summary>
    private int TakePlain(ChainBurst burst, int first, int count, int segment)
    {
        SplitRing ring = _ring;
        uint mask = _mask, next = _nextAvailable + (uint)first;
        MemoryTable.GuestRange range = _range;
        Chain* chain = burst.Chains + first;
        Segment* into = burst.Segments + segment;
        int i = first;
        for (; i < count; i++)
        {
            uint head = ring.AvailableRing[next++ & mask];
            if (head > mask) break;
            // One 16-byte load: what is checked below is the copy, whatever the driver does to the original.
            Vector128<ulong> raw = Vector128.Load((ulong*)(ring.Descriptors + head));
            ulong offset = raw.GetElement(0) - range.Start;
            ulong rest = raw.GetElement(1);
            var flags = (DescriptorFlags)(rest >> 32);
            if ((flags & (DescriptorFlags.Next | DescriptorFlags.Indirect)) != 0 || offset >= range.Size || (uint)rest > range.Size - offset) break;
            into->Address = range.Address + offset;
            into->Length = (uint)rest;
            Chain.SetSingle(chain, segment, (ushort)head, (uint)rest, flags);
            segment++;
            into++;
            chain++;
        }
        return i - first;
    }

    /// <summary>Takes any chain, after the last that was taken into the burst; false when the burst has no room for it.</summary>
    private bool TryWalk(ChainBurst burst, int i, ref int segment)
    {
        uint head = _ring.AvailableRing[(uint)(_nextAvailable + i) & _mask];
        if (head > _mask) ThrowIndex(head);
        var walker = new SplitChainWalker(_ring, _memory, _features, _queue, burst, segment, _range);
        if (!walker.TryWalk(head, ref burst.Chains[i]))
        {
            if (i > 0) return false; // the burst is full: this chain opens the next one
            throw RingException.Create(VhostError.ChainTooLong, _queue, $"the chain at descriptor {head} needs more than {burst.SegmentCapacity} pieces of memory.");
        }
        segment = walker.NextSegment;
        _range = walker.Range;
        return true;
    }

    public override void Untake(int count)
    {
        if (_inflight is not null && _tookResubmitted)
        {
            _nextResubmitted -= count; // they stay recorded as they were
            return;
        }
        _nextAvailable -= (ushort)count;
        for (int i = 0; _inflight is not null && i < count; i++) _inflight.Withdraw((ushort)(_ring.AvailableRing[(uint)(_nextAvailable + i) & _mask] & _mask)); // the driver may have changed it
    }

    public override void Return(Chain* chains, int count)
    {
        Log?.MarkBuffers(chains, count);
        ulong* ring = _ring.UsedRing;
        ushort used = _nextUsed;
        uint mask = _mask;
        for (int i = 0; i < count; i++)
        {
            ulong element = chains[i].Head | (ulong)chains[i].Written << 32; // struct virtq_used_elem { id, len }
            ulong* place = ring + ((uint)(used + i) & mask);
            // With packets of one length each lap writes what stands there already: left alone, the line stays in both cores' caches.
            if (*place != element) *place = element;
        }
        _nextUsed = (ushort)(used + count);
        _inflight?.BeginBatch(chains, count);
        _ring.StoreUsedIndex(_nextUsed);
        _inflight?.EndBatch(chains, count, _nextUsed);
        if (Log is not null) LogUsed(used, count);
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
        LogWish();
        // The wish must be visible before the last look, or a chain that comes between is never seen (virtio 1.3 §2.7.10).
        Interlocked.MemoryBarrier();
        return HasAvailable();
    }

    public override void DisableKicks()
    {
        // With the event index a wish that lies behind suppresses by itself.
        if (_features.EventIdx) return;
        _ring.StoreUsedFlags(SplitRing.NoNotify);
        LogWish();
    }

    public override bool HasAvailable() => _nextResubmitted < _resubmitted.Length || _ring.LoadAvailableIndex() != _nextAvailable;

    public override void ForgetTranslations() => _range = default;

    public override RingIndices ReadIndices() => new(_ring.LoadAvailableIndex(), _ring.LoadUsedIndex(), _nextAvailable, _nextUsed,
        _ring.LoadAvailableFlags(), _ring.LoadUsedFlags(), _ring.LoadAvailableEvent(), _ring.LoadUsedEvent());

    public override VringDescriptor[] ReadDescriptors() => SplitRingReader.Read(_ring, _queue, _nextAvailable, _memory.TranslateGuest);

    /// <summary>Marks the elements from <paramref name="first"/> on, and the index behind them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LogUsed(ushort first, int count)
    {
        int slot = (int)(first & _mask);
        int tail = Math.Min(count, _ring.Size - slot); // the others are at the ring's start
        Log!.MarkUsed(SplitRing.UsedElementOffset(slot), 8UL * (ulong)tail);
        Log.MarkUsed(SplitRing.UsedElementOffset(0), 8UL * (ulong)(count - tail));
        Log.MarkUsed(0, SplitRing.UsedElementOffset(0));
        Log.Signal();
    }

    /// <summary>Marks the flags and the available event: whichever says when the device wants kicks.</summary>
    private void LogWish() => Log?.MarkUsed(_features.EventIdx ? SplitRing.UsedElementOffset(_ring.Size) : 0, sizeof(ushort));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowJump(ushort available, uint ready) => throw RingException.Create(VhostError.AvailableIndexInvalid, _queue,
        $"the driver's available index is {available}, {ready} ahead of the device's {_nextAvailable}; a ring of {_ring.Size} can be at most {_ring.Size} ahead.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowIndex(uint head) => throw RingException.Create(VhostError.DescriptorIndexInvalid, _queue,
        $"the available ring names descriptor {head}; the ring has {_ring.Size}.");
}
