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

    public override int Reap(Span<UsedBuffer> used)
    {
        ushort index = _ring.LoadUsedIndex();
        uint ready = (ushort)(index - _nextReaped);
        if (ready == 0) return 0;
        if (ready > (ushort)(_published - _nextReaped)) ThrowIndex(index, ready);
        int count = 0;
        while (count < used.Length && ready > 0)
        {
            // A plain load, behind the acquire of the index: elements are aligned to 4 bytes, too little for an atomic one of 8.
            ulong element = _ring.UsedRing[_nextUsed & _mask];
            uint id = (uint)element;
            uint written = (uint)(element >> 32);
            if (id > _mask || _records[id].Descriptors == 0) ThrowId(id);
            if (written > _records[id].WritableBytes)
            {
                // Legacy devices count what they read, too; of a chain that they can't write the length means nothing.
                if (!_features.Legacy || _records[id].WritableBytes > 0) ThrowLength(id, written);
                written = 0;
            }
            if (_features.InOrder && _order[_nextReaped & _mask] != id)
            {
                // A device that works in order may write one element for a whole batch: its last buffer (virtio 1.3 §2.7.9).
                // The ones before it are used too; a device skips their elements only when their whole length was used.
                ushort skipped = _order[_nextReaped & _mask];
                used[count++] = new UsedBuffer(skipped, _records[skipped].WritableBytes);
                Release(skipped);
                if (--ready == 0) ThrowBatch(id);
                continue;
            }
            used[count++] = new UsedBuffer((ushort)id, written);
            Release((ushort)id);
            ready--;
            _nextUsed = _nextReaped;
        }
        if (_callsWanted && _features.EventIdx) _ring.StoreUsedEvent(_nextUsed);
        return count;
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
        Vector128.Create(address, length | (ulong)flags << 32 | (ulong)next << 48).Store((ulong*)target);

    private void Enter(ushort head)
    {
        uint slot = _nextAvailable++ & _mask;
        _ring.AvailableRing[slot] = head;
        _order[slot] = head;
    }

    private void Release(ushort head)
    {
        int descriptors = _records[head].Descriptors;
        _records[head].Descriptors = 0;
        ushort id = head;
        for (int i = 0; i < descriptors; i++)
        {
            _freeIds[_freeTail++ & _mask] = id;
            id = _records[id].Next;
        }
        _nextReaped++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowIndex(ushort index, uint ready) => throw RingException.Create(VhostError.UsedIndexInvalid, _queue,
        $"the device's used index is {index}, {ready} ahead of the driver's {_nextReaped}, but only {(ushort)(_published - _nextReaped)} chains are in flight.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowId(uint id) => throw RingException.Create(VhostError.UsedElementInvalid, _queue,
        $"the device returned descriptor {id}, which is {(id > _mask ? $"beyond the ring of {_ring.Size}" : "not in flight")}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowLength(uint id, uint written) => throw RingException.Create(VhostError.UsedElementInvalid, _queue,
        $"the device says it wrote {written} bytes into the chain of descriptor {id}, which has room for {_records[id].WritableBytes}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowBatch(uint id) => throw RingException.Create(VhostError.UsedElementInvalid, _queue,
        $"VIRTIO_F_IN_ORDER was negotiated, but the device returned descriptor {id} out of order.");
}
