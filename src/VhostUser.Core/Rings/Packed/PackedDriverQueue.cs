using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VhostUser.Rings.Split;

namespace VhostUser.Rings.Packed;

/// <summary>The driver's side of a packed ring (virtio 1.3 §2.8).</summary>
internal sealed unsafe class PackedDriverQueue : DriverQueue
{
    private readonly PackedRing _ring;
    private readonly RingFeatures _features;
    private readonly int _queue;
    private readonly IndirectTables? _tables;

    // A chain of n descriptors takes n ids, though the ring carries one: each id stands for a free place, too.
    private readonly FreeIds _free;
    private readonly ChainRecord[] _records;

    private int _slot;              // where the next descriptor goes
    private ulong _availableFlags = PackedPosition.Start.AvailableFlags;
    private int _firstSlot = -1;    // first descriptor since the last Publish, whose flags are kept back; -1 when there is none
    private ulong _firstTail;
    private int _moved;             // descriptors published since the last decision about a kick
    private int _unpublished;       // descriptors added since the last Publish

    private PackedPosition _nextUsed = PackedPosition.Start;
    private ushort _oldest;         // chain in flight the longest, when there is one
    private ushort _newest;
    private int _batchEnd = -1;     // last chain of the IN_ORDER batch that is being taken back; -1 when there is none
    private uint _batchWritten;
    private bool _callsWanted;

    // Chains, counted for InFlight and snapshots.
    private uint _added;
    private uint _published;
    private uint _reaped;

    /// <summary>What is known of a buffer id's chain, in private memory: 12 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ChainRecord
    {
        public uint WritableBytes;
        public ushort Descriptors; // 0: not the id of a chain in flight
        public ushort NextId;      // next id of the chain
        public ushort NextChain;   // chain that was added after it
    }

    /// <param name="ring">Areas, zeroed.</param>
    /// <param name="features">Negotiated features.</param>
    /// <param name="queue">Ring index, for messages.</param>
    /// <param name="tables">Memory for indirect tables, or null to chain descriptors in the ring.</param>
    public PackedDriverQueue(PackedRing ring, RingFeatures features, int queue, IndirectTables? tables)
    {
        _ring = ring;
        _features = features;
        _queue = queue;
        _tables = features.Indirect ? tables : null;
        _free = new FreeIds(ring.Size);
        _records = new ChainRecord[ring.Size];
        DisableCalls();
    }

    public override int Size => _ring.Size;

    public override int Free => _free.Count;

    /// <summary>Both places of a device that takes over: at the oldest chain that is not used.</summary>
    public override uint ResumeBase => _nextUsed.Bits * 0x1_0001u;

    public override int InFlight => (int)(_added - _reaped);

    public override ushort FreeIdAt(int ahead) => _free.Peek(ahead);

    public override ushort AddSingle(ulong guestAddress, uint length, bool writable)
    {
        ushort id = _free.Take();
        Place(guestAddress, length, id, writable ? DescriptorFlags.Write : 0);
        Enter(id, writable ? length : 0, 1);
        return id;
    }

    public override bool TryAdd(ReadOnlySpan<ChainBuffer> readable, ReadOnlySpan<ChainBuffer> writable, bool direct, out ushort id)
    {
        int count = readable.Length + writable.Length;
        bool indirect = !direct && count > 1 && _tables is not null && count <= IndirectTables.Entries;
        int needed = indirect ? 1 : count;
        if (count == 0 || needed > Free)
        {
            id = 0;
            return false;
        }
        uint writableBytes = 0;
        foreach (ChainBuffer buffer in writable) writableBytes += buffer.Length;
        id = _free.Take();
        if (indirect)
        {
            var table = (PackedDescriptor*)_tables!.Address(id);
            for (int i = 0; i < count; i++)
            {
                ChainBuffer buffer = BufferAt(readable, writable, i);
                table[i].Address = buffer.GuestAddress;
                table[i].Tail = new PackedTail(buffer.Length, 0, i < readable.Length ? 0 : DescriptorFlags.Write).Raw; // nothing else counts in a table (virtio 1.3 §2.8.7)
            }
            Place(_tables.GuestAddress(id), (uint)(16 * count), id, DescriptorFlags.Indirect);
        }
        else
        {
            ushort current = id;
            for (int i = 0; i < count; i++)
            {
                ChainBuffer buffer = BufferAt(readable, writable, i);
                bool last = i == count - 1;
                Place(buffer.GuestAddress, buffer.Length, id, (i < readable.Length ? 0 : DescriptorFlags.Write) | (last ? 0 : DescriptorFlags.Next));
                if (last) break;
                current = _records[current].NextId = _free.Take();
            }
        }
        Enter(id, writableBytes, needed);
        return true;
    }

    public override void Publish()
    {
        if (_firstSlot < 0) return;
        // The device stops at the first descriptor: its flags hand over all that were added since (virtio 1.3 §2.8.21).
        _ring.StoreTail(_firstSlot, new PackedTail(_firstTail));
        _firstSlot = -1;
        _published = _added;
        _moved += _unpublished;
        _unpublished = 0;
    }

    public override bool NeedsKick()
    {
        int moved = _moved;
        if (moved == 0) return false;
        _moved = 0;
        // The descriptors must be visible before the device's wish is read (virtio 1.3 §2.8.21.3).
        Interlocked.MemoryBarrier();
        return _ring.LoadDeviceEvent().Wants(NextAvailable, moved, _ring.Size, _features.EventIdx);
    }

    public override int Reap(Span<UsedBuffer> used)
    {
        int count = 0;
        while (count < used.Length)
        {
            if (_batchEnd < 0 && !TryBeginBatch()) break;
            // A device that works in order may write one descriptor for a whole batch: its last chain (virtio 1.3 §2.8.10).
            // The ones before it are used too; a device skips them only when their whole length was used.
            ushort id = _features.InOrder ? _oldest : (ushort)_batchEnd;
            bool last = id == _batchEnd;
            used[count++] = new UsedBuffer(id, last ? _batchWritten : _records[id].WritableBytes);
            if (last) _batchEnd = -1;
            Release(id);
        }
        if (count > 0 && _callsWanted && _features.EventIdx) Ask(EventWish.Descriptor);
        return count;
    }

    public override bool EnableCalls()
    {
        _callsWanted = true;
        Ask(_features.EventIdx ? EventWish.Descriptor : EventWish.Enable);
        // The wish must be visible before the last look (virtio 1.3 §2.8.22).
        Interlocked.MemoryBarrier();
        return HasUsed();
    }

    public override void DisableCalls()
    {
        _callsWanted = false;
        Ask(EventWish.Disable);
    }

    public override bool HasUsed() => _batchEnd >= 0 || (_ring.LoadTail(_nextUsed.Offset).Raw & PackedTail.OwnerMask) == _nextUsed.UsedFlags;

    public override RingIndices ReadIndices()
    {
        EventSuppression driver = _ring.LoadDriverEvent();
        EventSuppression device = _ring.LoadDeviceEvent();
        return new RingIndices((ushort)_published, (ushort)(_reaped + (uint)CountUsed()), (ushort)_published, (ushort)_reaped,
            (ushort)driver.Wish, (ushort)device.Wish, device.PositionBits, driver.PositionBits)
        {
            Packed = new PackedIndices(NextAvailable, _nextUsed, driver, device),
        };
    }

    public override VringDescriptor[] ReadDescriptors(SplitRingReader.Translator translate) => PackedRingReader.Read(_ring, _queue, _nextUsed, _ring.Size, translate);

    private PackedPosition NextAvailable => new(_slot, _availableFlags == PackedPosition.Start.AvailableFlags);

    private void Ask(EventWish wish) => _ring.StoreDriverEvent(new EventSuppression(_nextUsed, wish));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Place(ulong address, uint length, ushort id, DescriptorFlags flags)
    {
        ulong tail = new PackedTail(length, id, flags).Raw | _availableFlags;
        PackedDescriptor* descriptor = _ring.Descriptors + _slot;
        descriptor->Address = address;
        if (_firstSlot < 0)
        {
            _firstSlot = _slot;
            _firstTail = tail;
        }
        else
        {
            descriptor->Tail = tail;
        }
        _unpublished++;
        if (++_slot < _ring.Size) return;
        _slot = 0;
        _availableFlags ^= PackedTail.OwnerMask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter(ushort id, uint writableBytes, int descriptors)
    {
        ref ChainRecord record = ref _records[id];
        record.WritableBytes = writableBytes;
        record.Descriptors = (ushort)descriptors;
        if (_added == _reaped) _oldest = id;
        else _records[_newest].NextChain = id;
        _newest = id;
        _added++;
    }

    // Reads the next used descriptor, once, and checks it against what is in flight.
    private bool TryBeginBatch()
    {
        PackedTail tail = _ring.LoadTail(_nextUsed.Offset);
        if ((tail.Raw & PackedTail.OwnerMask) != _nextUsed.UsedFlags) return false;
        if (_published == _reaped) ThrowEarly(tail.Id);
        if (tail.Id >= _records.Length || _records[tail.Id].Descriptors == 0) ThrowId(tail.Id);
        // The length means something only with WRITE (virtio 1.3 §2.8.3).
        uint written = (tail.Flags & DescriptorFlags.Write) != 0 ? tail.Length : 0;
        if (written > _records[tail.Id].WritableBytes)
        {
            if (!_features.Legacy || _records[tail.Id].WritableBytes > 0) ThrowLength(tail.Id, written);
            written = 0;
        }
        _batchEnd = tail.Id;
        _batchWritten = written;
        return true;
    }

    private void Release(ushort id)
    {
        int descriptors = _records[id].Descriptors;
        _oldest = _records[id].NextChain;
        _records[id].Descriptors = 0;
        for (int i = 0; i < descriptors; i++)
        {
            ushort next = _records[id].NextId;
            _free.Give(id);
            id = next;
        }
        _nextUsed = _nextUsed.Plus(descriptors, _ring.Size);
        _reaped++;
    }

    // Chains that the device returned and Reap has not taken yet, for snapshots: nothing is refused here.
    private int CountUsed()
    {
        PackedPosition position = _nextUsed;
        ushort oldest = _oldest;
        int chains = _batchEnd < 0 ? 0 : CountBatch((ushort)_batchEnd, ref oldest, ref position, InFlight);
        while (chains < InFlight)
        {
            PackedTail tail = _ring.LoadTail(position.Offset);
            if ((tail.Raw & PackedTail.OwnerMask) != position.UsedFlags || tail.Id >= _records.Length || _records[tail.Id].Descriptors == 0) break;
            chains += CountBatch(tail.Id, ref oldest, ref position, InFlight - chains);
        }
        return chains;
    }

    // Steps over the chains that one used descriptor stands for: in order, all up to its own.
    private int CountBatch(ushort last, ref ushort oldest, ref PackedPosition position, int most)
    {
        int chains = 1, descriptors = _records[last].Descriptors;
        for (; _features.InOrder && oldest != last && chains < most; chains++, oldest = _records[oldest].NextChain) descriptors += _records[oldest].Descriptors;
        oldest = _records[last].NextChain;
        position = position.Plus(Math.Min(descriptors, _ring.Size), _ring.Size);
        return chains;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowEarly(ushort id) => throw RingException.Create(VhostError.UsedIndexInvalid, _queue,
        $"the device marked descriptor {_nextUsed.Offset} as used (buffer id {id}), but no chain is in flight.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowId(uint id) => throw RingException.Create(VhostError.UsedElementInvalid, _queue,
        $"the device returned buffer id {id}, which is {(id >= _records.Length ? $"beyond the ring of {_ring.Size}" : "not in flight")}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowLength(uint id, uint written) => throw RingException.Create(VhostError.UsedElementInvalid, _queue,
        $"the device says it wrote {written} bytes into the chain of buffer id {id}, which has room for {_records[id].WritableBytes}.");
}
