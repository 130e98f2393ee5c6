using System.Runtime.CompilerServices;
using VhostUser.Memory;
using VhostUser.Rings.Split;

namespace VhostUser.Rings.Packed;

/// <summary>The device's side of a packed ring (virtio 1.3 §2.8).</summary>
internal sealed unsafe class PackedDeviceQueue : DeviceQueue
{
    private readonly PackedRing _ring;
    private readonly MemoryTable _memory;
    private readonly RingFeatures _features;
    private readonly int _queue;

    private PackedPosition _nextAvailable;
    private PackedPosition _nextUsed;
    private int _outstanding; // descriptors taken and not returned
    private int _moved;       // descriptors used since the last decision about a call
    private EventWish _wish;
    private ushort _taken;    // chains, for snapshots
    private ushort _returned;

    private ChainBurst? _lastBurst; // of the last Take, for Untake
    private int _lastCount;
    private MemoryTable.GuestRange _range; // the region hit last: nearly always the next one too

    /// <param name="ring">The areas.</param>
    /// <param name="memory">Where buffers are.</param>
    /// <param name="features">Negotiated features.</param>
    /// <param name="queue">Ring index, for messages.</param>
    /// <param name="start">Where to go on: what <see cref="PackedResume"/> found.</param>
    public PackedDeviceQueue(PackedRing ring, MemoryTable memory, RingFeatures features, int queue, PackedPosition start)
    {
        _ring = ring;
        _memory = memory;
        _features = features;
        _queue = queue;
        _nextAvailable = _nextUsed = start;
        if (memory.GuestRanges.Length > 0) _range = memory.GuestRanges[0];
        Ask(EventWish.Enable);
    }

    public override int Size => _ring.Size;

    /// <summary>Both places as GET_VRING_BASE returns them: available in bits 0-15, used in 16-31.</summary>
    public override uint Base => _nextAvailable.Bits | (uint)_nextUsed.Bits << 16;

    /// <summary>Where the next used descriptor goes.</summary>
    public PackedPosition NextUsed => _nextUsed;

    /// <summary>Keeps a record of what is in flight; null without INFLIGHT_SHMFD.</summary>
    public PackedInflight? Inflight { private get; init; }

    public override int Take(ChainBurst burst, int max)
    {
        PackedPosition at = _nextAvailable;
        int count = TakeAvailable(burst, max);
        for (int i = 0; Inflight is not null && i < count; i++)
        {
            Inflight.Add(_ring, at, burst.Chains[i]);
            at = at.Plus(burst.Chains[i].Descriptors, _ring.Size);
        }
        return count;
    }

    private int TakeAvailable(ChainBurst burst, int max)
    {
        int count = Math.Min(max, ChainBurst.MaxChains);
        int room = _ring.Size - _outstanding;
        PackedPosition position = _nextAvailable;
        int segment = 0;
        int descriptors = 0;
        int i = 0;
        // A driver that hands over descriptors which it can't have yet finds no room.
        while (true)
        {
            int plain = TakePlain(burst, i, Math.Min(count - i, room - descriptors), segment, ref position);
            i += plain;
            segment += plain;
            descriptors += plain;
            if (i == count || descriptors == room) break;
            PackedTail tail = _ring.LoadTail(position.Offset);
            if ((tail.Raw & PackedTail.OwnerMask) != position.AvailableFlags || !TryWalk(burst, i, position, tail, room - descriptors, ref segment)) break;
            int taken = burst.Chains[i++].Descriptors;
            descriptors += taken;
            position = position.Plus(taken, _ring.Size);
        }
        if (i == 0) return 0;
        _lastBurst = burst;
        _lastCount = i;
        Move(descriptors, i);
        return i;
    }

    /// <summary>Takes chains of one descriptor inside the region hit last, as long as nothing else comes: the usual ones, by few instructions. Returns how many.</summary>
    private int TakePlain(ChainBurst burst, int first, int most, int segment, ref PackedPosition position)
    {
        PackedRing ring = _ring;
        int size = ring.Size, slot = position.Offset;
        ulong wanted = position.AvailableFlags;
        MemoryTable.GuestRange range = _range;
        Chain* chain = burst.Chains + first;
        Segment* into = burst.Segments + segment;
        int i = 0;
        for (; i < most; i++)
        {
            PackedTail tail = ring.LoadTail(slot);
            if ((tail.Raw & PackedTail.OwnerMask) != wanted) break;
            ulong offset = ring.LoadAddress(slot) - range.Start;
            if ((tail.Flags & (DescriptorFlags.Next | DescriptorFlags.Indirect)) != 0 || offset >= range.Size || tail.Length > range.Size - offset || tail.Id >= size) break;
            into->Address = range.Address + offset;
            into->Length = tail.Length;
            Chain.SetSingle(chain, segment, tail.Id, tail.Length, tail.Flags);
            segment++;
            into++;
            chain++;
            if (++slot < size) continue;
            slot = 0;
            wanted ^= PackedTail.OwnerMask;
        }
        position = new PackedPosition(slot, wanted == PackedPosition.Start.AvailableFlags);
        return i;
    }

    /// <summary>Takes any chain that was found available; false when the burst has no room for it.</summary>
    private bool TryWalk(ChainBurst burst, int i, PackedPosition head, PackedTail tail, int room, ref int segment)
    {
        var walker = new PackedChainWalker(_ring, _memory, _features, _queue, burst, segment, _range);
        if (!walker.TryWalk(head, tail, room, ref burst.Chains[i]))
        {
            if (i > 0) return false; // the burst is full: this chain opens the next one
            throw RingException.Create(VhostError.ChainTooLong, _queue, $"the chain at descriptor {head.Offset} needs more than {burst.SegmentCapacity} pieces of memory.");
        }
        segment = walker.NextSegment;
        _range = walker.Range;
        return true;
    }

    public override void Untake(int count)
    {
        int descriptors = 0;
        for (int i = 0; i < count; i++)
        {
            ref Chain chain = ref _lastBurst!.Chains[--_lastCount];
            descriptors += chain.Descriptors;
            Inflight?.Withdraw(chain.Head);
        }
        Move(-descriptors, -count);
    }

    public override void Return(Chain* chains, int count)
    {
        if (count == 0) return;
        Log?.MarkBuffers(chains, count);
        Inflight?.BeginBatch(chains, count, _nextUsed, _nextUsed.Plus(CountDescriptors(chains, count), _ring.Size));
        var burst = new PackedUsedBurst(_ring, _nextUsed, chains, count, _features.InOrder);
        burst.Begin();
        do burst.WriteSingles();
        while (burst.WriteNext());
        burst.Note(_wish);
        burst.Publish();
        Inflight?.EndBatch(count, burst.End);
        int descriptors = burst.End.Offset - _nextUsed.Offset;
        if (burst.End.Wrap != _nextUsed.Wrap) descriptors += _ring.Size;
        if (Log is not null) LogUsed(_nextUsed.Offset, descriptors);
        _nextUsed = burst.End;
        _outstanding -= descriptors;
        _moved += descriptors;
        _returned += (ushort)count;
    }

    public override bool NeedsCall()
    {
        int moved = _moved;
        if (moved == 0) return false;
        _moved = 0;
        // The used descriptors must be visible before the driver's wish is read, or both sides wait (virtio 1.3 §2.8.22).
        Interlocked.MemoryBarrier();
        return _ring.LoadDriverEvent().Wants(_nextUsed, moved, _ring.Size, _features.EventIdx);
    }

    public override bool EnableKicks()
    {
        // With chains in work the place of the next used descriptor is not that of the next available one: then ask for every kick.
        Ask(_features.EventIdx && _outstanding == 0 ? EventWish.Descriptor : EventWish.Enable);
        // The wish must be visible before the last look, or a chain that comes between is never seen (virtio 1.3 §2.8.21.3).
        Interlocked.MemoryBarrier();
        return HasAvailable();
    }

    public override void DisableKicks()
    {
        if (_wish != EventWish.Disable) Ask(EventWish.Disable);
    }

    public override bool HasAvailable() =>
        _outstanding < _ring.Size && (_ring.LoadTail(_nextAvailable.Offset).Raw & PackedTail.OwnerMask) == _nextAvailable.AvailableFlags;

    public override void ForgetTranslations() => _range = default;

    public override RingIndices ReadIndices()
    {
        EventSuppression driver = _ring.LoadDriverEvent();
        EventSuppression device = _ring.LoadDeviceEvent();
        return new RingIndices((ushort)(_taken + PackedRingReader.CountAvailable(_ring, _nextAvailable, _ring.Size - _outstanding)), _returned, _taken, _returned,
            (ushort)driver.Wish, (ushort)device.Wish, device.PositionBits, driver.PositionBits)
        {
            Packed = new PackedIndices(_nextAvailable, _nextUsed, driver, device),
        };
    }

    public override VringDescriptor[] ReadDescriptors() => PackedRingReader.Read(_ring, _queue, _nextUsed, _outstanding, _memory.TranslateGuest);

    /// <summary>The next used place goes with every wish, for whoever has to go on here.</summary>
    private void Ask(EventWish wish)
    {
        _wish = wish;
        _ring.StoreDeviceEvent(new EventSuppression(_nextUsed, wish));
        Log?.MarkRing(_ring.DeviceEvent, PackedRing.EventBytes);
    }

    /// <summary>Marks the descriptors of a burst that was returned, perhaps over the ring's end, and the event area with its note.</summary>
    private void LogUsed(int first, int descriptors)
    {
        int tail = Math.Min(descriptors, _ring.Size - first);
        Log!.MarkRing(_ring.Descriptors + first, PackedRing.DescriptorBytes(tail));
        Log.MarkRing(_ring.Descriptors, PackedRing.DescriptorBytes(descriptors - tail));
        Log.MarkRing(_ring.DeviceEvent, PackedRing.EventBytes);
        Log.Signal();
    }

    private static int CountDescriptors(Chain* chains, int count)
    {
        int descriptors = 0;
        for (int i = 0; i < count; i++) descriptors += chains[i].Descriptors;
        return descriptors;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Move(int descriptors, int chains)
    {
        int offset = _nextAvailable.Offset + descriptors;
        _nextAvailable = offset >= _ring.Size ? new PackedPosition(offset - _ring.Size, !_nextAvailable.Wrap)
            : offset < 0 ? new PackedPosition(offset + _ring.Size, !_nextAvailable.Wrap)
            : new PackedPosition(offset, _nextAvailable.Wrap);
        _outstanding += descriptors;
        _taken += (ushort)chains;
    }
}
