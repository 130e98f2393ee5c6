using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using VhostUser.Rings.Split;

namespace VhostUser.Rings.Packed;

/// <summary>The driver's side of a packed ring (virtio 1.3 §2.8).</summary>
internal sealed unsafe partial class PackedDriverQueue : DriverQueue
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

    /// <summary>Both places of a device that takes over: behind all that the last one used, whether it was taken back yet or not.</summary>
    public override uint ResumeBase => WalkUsed().End.Bits * 0x1_0001u;

    public override int InFlight => (int)(_added - _reaped);

    public override ushort FreeIdAt(int ahead) => _free.Peek(ahead);

    public override ushort AddSingle(ulong guestAddress, uint length, bool writable)
    {
        ushort id = _free.Take();
        Place(guestAddress, length, id, writable ? DescriptorFlags.Write : 0);
        Enter(id, writable ? length : 0, 1);
        return id;
    }

    public override int PeekFree(Span<ushort> ids) => _free.Peek(ids);

    public override void AddSlots(int count, in SlotArray slots)
    {
        PackedDescriptor* descriptors = _ring.Descriptors;
        int size = _ring.Size, slot = _slot;
        ulong rest = slots.Length | (slots.Writable ? (ulong)DescriptorFlags.Write << 48 : 0), owner = _availableFlags;
        uint writable = slots.Writable ? slots.Length : 0;
        for (int i = 0; i < count; i++)
        {
            ushort id = _free.Take();
            ulong address = slots.AddressOf(id), tail = rest | (ulong)id << 32 | owner;
            PackedDescriptor* descriptor = descriptors + slot;
            if (_firstSlot < 0) KeepBack(descriptor, address, slot, tail);
            else Vector128.Create(address, tail).Store((ulong*)descriptor); // in any order: the device stops at the first
            Enter(id, writable, 1);
            if (++slot < size) continue;
            slot = 0;
            owner ^= PackedTail.OwnerMask;
        }
        _slot = slot;
        _availableFlags = owner;
        _unpublished += count;
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
        return new RingIndices((ushort)_published, (ushort)(_reaped + (uint)WalkUsed().Chains), (ushort)_published, (ushort)_reaped,
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
        if (_firstSlot < 0)
        {
            KeepBack(descriptor, address, _slot, tail);
        }
        else
        {
            descriptor->Address = address;
            descriptor->Tail = tail;
        }
        _unpublished++;
        if (++_slot < _ring.Size) return;
        _slot = 0;
        _availableFlags ^= PackedTail.OwnerMask;
    }

    private void KeepBack(PackedDescriptor* descriptor, ulong address, int slot, ulong tail)
    {
        descriptor->Address = address;
        _firstSlot = slot;
        _firstTail = tail;
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

    // Chains that the device returned and Reap has not taken yet, and the place behind them: nothing is refused here.
    private (int Chains, PackedPosition End) WalkUsed()
    {
        PackedPosition position = _nextUsed;
        ushort oldest = _oldest;
        int chains = 0, last = _batchEnd;
        while (chains < InFlight)
        {
            if (last < 0)
            {
                PackedTail tail = _ring.LoadTail(position.Offset);
                if ((tail.Raw & PackedTail.OwnerMask) != position.UsedFlags || tail.Id >= _records.Length || _records[tail.Id].Descriptors == 0) break;
                last = tail.Id;
            }
            // With IN_ORDER one descriptor stands for all chains up to its own.
            ushort chain = _features.InOrder ? oldest : (ushort)last;
            position = position.Plus(_records[chain].Descriptors, _ring.Size);
            chains++;
            oldest = _records[chain].NextChain;
            if (chain == last) last = -1;
        }
        return (chains, position);
    }
}
