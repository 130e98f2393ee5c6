using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VhostUser.Rings.Split;

/// <summary>The driver's side of a split ring (virtio 1.3 §2.7).</summary>
internal sealed unsafe partial class SplitDriverQueue : DriverQueue
{
    private readonly SplitRing _ring;
    private readonly RingFeatures _features;
    private readonly int _queue;
    private readonly uint _mask;
    private readonly IndirectTables? _tables;

    // Free descriptors, first in first out: with IN_ORDER this hands them out in ring order (virtio 1.3 §2.7.1).
    private readonly ushort[] _freeIds;
    private uint _freeHead;
    private uint _freeTail;

    private readonly ChainRecord[] _records;
    private readonly ushort[] _order; // heads in the order they were made available
    private ushort _nextAvailable;
    private ushort _published;
    private ushort _nextUsed;
    private ushort _nextReaped; // chains taken back; differs from _nextUsed inside an IN_ORDER batch
    private ushort _lastKicked;
    private bool _callsWanted;

    /// <summary>What is known of a descriptor's chain, in private memory: 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ChainRecord
    {
        public uint WritableBytes;
        public ushort Descriptors; // 0: not the head of a chain in flight
        public ushort Next;        // next descriptor of the chain
    }

    /// <param name="ring">Areas, zeroed.</param>
    /// <param name="features">Negotiated features.</param>
    /// <param name="queue">Ring index, for messages.</param>
    /// <param name="tables">Memory for indirect tables, or null to chain descriptors in the ring.</param>
    public SplitDriverQueue(SplitRing ring, RingFeatures features, int queue, IndirectTables? tables)
    {
        _ring = ring;
        _features = features;
        _queue = queue;
        _tables = features.Indirect ? tables : null;
        _mask = (uint)ring.Size - 1;
        _records = new ChainRecord[ring.Size];
        _order = new ushort[ring.Size];
        _freeIds = new ushort[ring.Size];
        for (int i = 0; i < ring.Size; i++) _freeIds[i] = (ushort)i;
        _freeTail = (uint)ring.Size;
        DisableCalls();
    }

    public override int Size => _ring.Size;

    public override int Free => (int)(_freeTail - _freeHead);

    public override int InFlight => (ushort)(_nextAvailable - _nextReaped);

    public override uint ResumeBase => _ring.LoadUsedIndex();

    public override ushort FreeIdAt(int ahead) => _freeIds[(_freeHead + (uint)ahead) & _mask];

    public override ushort AddSingle(ulong guestAddress, uint length, bool writable)
    {
        ushort id = _freeIds[_freeHead++ & _mask];
        Store(_ring.Descriptors + id, guestAddress, length, writable ? DescriptorFlags.Write : 0, 0);
        _records[id] = new ChainRecord { WritableBytes = writable ? length : 0, Descriptors = 1 };
        Enter(id);
        return id;
    }

    public override int PeekFree(Span<ushort> ids)
    {
        int count = Math.Min(ids.Length, Free);
        int start = (int)(_freeHead & _mask);
        int tail = Math.Min(count, _freeIds.Length - start); // the others are at the array's start
        _freeIds.AsSpan(start, tail).CopyTo(ids);
        _freeIds.AsSpan(0, count - tail).CopyTo(ids[tail..]);
        return count;
    }

    public override void AddSlots(int count, in SlotArray slots)
    {
        // No bounds checks: places are masked, and free ids are this side's own, below the ring's size.
        ref ushort freeIds = ref MemoryMarshal.GetArrayDataReference(_freeIds);
        ref ushort order = ref MemoryMarshal.GetArrayDataReference(_order);
        ref ChainRecord records = ref MemoryMarshal.GetArrayDataReference(_records);
        SplitRing ring = _ring;
        uint mask = _mask, free = _freeHead, next = _nextAvailable;
        ulong first = slots.GuestAddress, stride = slots.Stride, rest = slots.Length | (slots.Writable ? (ulong)DescriptorFlags.Write << 32 : 0);
        var record = new ChainRecord { WritableBytes = slots.Writable ? slots.Length : 0, Descriptors = 1 };
        for (int i = 0; i < count; i++)
        {
            ushort id = Unsafe.Add(ref freeIds, free++ & mask);
            uint place = next++ & mask;
            Store(ring.Descriptors + id, Vector128.Create(first + id * stride, rest));
            Unsafe.Add(ref records, (uint)id) = record;
            if (ring.AvailableRing[place] != id) ring.AvailableRing[place] = id;
            Unsafe.Add(ref order, place) = id;
        }
        _freeHead = free;
        _nextAvailable = (ushort)next;
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
        id = FreeIdAt(0);
        if (indirect)
        {
            _freeHead++;
            SplitDescriptor* table = _tables!.Address(id);
            for (int i = 0; i < count; i++)
                Store(table + i, BufferAt(readable, writable, i), i < readable.Length, last: i == count - 1, (ushort)(i + 1));
            Store(_ring.Descriptors + id, _tables.GuestAddress(id), (uint)(16 * count), DescriptorFlags.Indirect, 0);
        }
        else
        {
            ushort current = id;
            for (int i = 0; i < count; i++)
            {
                _freeHead++;
                ushort next = FreeIdAt(0);
                bool last = i == count - 1;
                Store(_ring.Descriptors + current, BufferAt(readable, writable, i), i < readable.Length, last, next);
                _records[current].Next = next;
                current = next;
            }
        }
        _records[id].WritableBytes = writableBytes;
        _records[id].Descriptors = (ushort)needed;
        Enter(id);
        return true;
    }

    public override void Publish()
    {
        if (_published == _nextAvailable) return;
        _published = _nextAvailable;
        _ring.StoreAvailableIndex(_published);
    }

    public override bool NeedsKick()
    {
        ushort old = _lastKicked;
        if (old == _published) return false;
        _lastKicked = _published;
        // The index must be visible before the device's wish is read (virtio 1.3 §2.7.13.4.1).
        Interlocked.MemoryBarrier();
        return _features.EventIdx
            ? EventIndex.Passed(_ring.LoadAvailableEvent(), _published, old)
            : (_ring.LoadUsedFlags() & SplitRing.NoNotify) == 0;
    }

    public override bool EnableCalls()
    {
        _callsWanted = true;
        if (_features.EventIdx) _ring.StoreUsedEvent(_nextUsed);
        else _ring.StoreAvailableFlags(0);
        // The wish must be visible before the last look (virtio 1.3 §2.7.7.1).
        Interlocked.MemoryBarrier();
        return HasUsed();
    }

    public override void DisableCalls()
    {
        _callsWanted = false;
        if (_features.EventIdx) _ring.StoreUsedEvent((ushort)(_nextUsed - 1)); // passed only after a whole turn of the index
        else _ring.StoreAvailableFlags(SplitRing.NoInterrupt);
    }

    public override bool HasUsed() => _ring.LoadUsedIndex() != _nextReaped;

    public override RingIndices ReadIndices() => new(_ring.LoadAvailableIndex(), _ring.LoadUsedIndex(), _nextAvailable, _nextUsed,
        _ring.LoadAvailableFlags(), _ring.LoadUsedFlags(), _ring.LoadAvailableEvent(), _ring.LoadUsedEvent());

    public override VringDescriptor[] ReadDescriptors(SplitRingReader.Translator translate) =>
        SplitRingReader.Read(_ring, _queue, _ring.LoadAvailableIndex(), translate);

    private static void Store(SplitDescriptor* target, ChainBuffer buffer, bool readable, bool last, ushort next) =>
        Store(target, buffer.GuestAddress, buffer.Length, (readable ? 0 : DescriptorFlags.Write) | (last ? 0 : DescriptorFlags.Next), last ? (ushort)0 : next);

    private static void Store(SplitDescriptor* target, ulong address, uint length, DescriptorFlags flags, ushort next) =>
        Store(target, Vector128.Create(address, length | (ulong)flags << 32 | (ulong)next << 48));

    // What stands there already is not written again, here and in the available ring: the line then stays in both cores' caches instead
    // of crossing with every lap. A receive ring, and a transmit ring of packets of one length, write their descriptors once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(SplitDescriptor* target, Vector128<ulong> descriptor)
    {
        if (Vector128.Load((ulong*)target) != descriptor) descriptor.Store((ulong*)target);
    }

    private void Enter(ushort head)
    {
        uint slot = _nextAvailable++ & _mask;
        if (_ring.AvailableRing[slot] != head) _ring.AvailableRing[slot] = head;
        _order[slot] = head;
    }
}
