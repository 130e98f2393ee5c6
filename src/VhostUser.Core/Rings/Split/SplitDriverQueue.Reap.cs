using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VhostUser.Rings.Split;

/// <summary>Chains come back: used elements are read once and checked against what is in flight.</summary>
internal sealed unsafe partial class SplitDriverQueue
{
    public override int Reap(Span<UsedBuffer> used)
    {
        ushort index = _ring.LoadUsedIndex();
        uint ready = (ushort)(index - _nextReaped);
        if (ready == 0) return 0;
        if (ready > (ushort)(_published - _nextReaped)) ThrowIndex(index, ready);
        int count = 0;
        while (count < used.Length && ready > 0)
        {
            // The usual chain is one descriptor, and its element stands where it belongs; everything else is looked at more closely.
            int plain = ReapPlain(used[count..], ready);
            count += plain;
            ready -= (uint)plain;
            if (count < used.Length && ready > 0) ready -= (uint)ReapOne(used, ref count, ready);
        }
        if (_callsWanted && _features.EventIdx) _ring.StoreUsedEvent(_nextUsed);
        return count;
    }

    /// <summary>Takes back chains of one descriptor, as long as nothing else comes; returns how many.</summary>
    private int ReapPlain(Span<UsedBuffer> used, uint ready)
    {
        ref ushort freeIds = ref MemoryMarshal.GetArrayDataReference(_freeIds);
        ref ushort order = ref MemoryMarshal.GetArrayDataReference(_order);
        ref ChainRecord records = ref MemoryMarshal.GetArrayDataReference(_records);
        ulong* ring = _ring.UsedRing;
        bool inOrder = _features.InOrder;
        uint mask = _mask, tail = _freeTail, reaped = _nextReaped, next = _nextUsed;
        int most = (int)Math.Min((uint)used.Length, ready);
        int i = 0;
        for (; i < most; i++)
        {
            // A plain load, behind the acquire of the index: elements are aligned to 4 bytes, too little for an atomic one of 8.
            ulong element = ring[next & mask];
            uint id = (uint)element;
            uint written = (uint)(element >> 32);
            if (id > mask) break;
            ref ChainRecord record = ref Unsafe.Add(ref records, id);
            if (record.Descriptors != 1 || written > record.WritableBytes || inOrder && Unsafe.Add(ref order, reaped & mask) != id) break;
            record.Descriptors = 0;
            Unsafe.Add(ref freeIds, tail++ & mask) = (ushort)id;
            used[i] = new UsedBuffer((ushort)id, written);
            next = ++reaped;
        }
        _freeTail = tail;
        _nextReaped = (ushort)reaped;
        _nextUsed = (ushort)next;
        return i;
    }

    /// <summary>Takes back what the next element returns: a longer chain, or an IN_ORDER batch, of which there may be more than fits; returns how many chains.</summary>
    private int ReapOne(Span<UsedBuffer> used, ref int count, uint ready)
    {
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
        int chains = 0;
        while (_features.InOrder && _order[_nextReaped & _mask] != id && count < used.Length)
        {
            // A device that works in order may write one element for a whole batch: its last buffer (virtio 1.3 §2.7.9).
            // The ones before it are used too; a device skips their elements only when their whole length was used.
            ushort skipped = _order[_nextReaped & _mask];
            used[count++] = new UsedBuffer(skipped, _records[skipped].WritableBytes);
            Release(skipped);
            if (++chains == ready) ThrowBatch(id);
        }
        if (count == used.Length) return chains; // the rest of the batch comes with the next call
        used[count++] = new UsedBuffer((ushort)id, written);
        Release((ushort)id);
        _nextUsed = _nextReaped;
        return chains + 1;
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
