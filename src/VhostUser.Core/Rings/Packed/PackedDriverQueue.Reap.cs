using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VhostUser.Rings.Packed;

/// <summary>Chains come back: each used descriptor is read once and checked against what is in flight.</summary>
internal sealed unsafe partial class PackedDriverQueue
{
    public override int Reap(Span<UsedBuffer> used)
    {
        int count = 0;
        while (count < used.Length)
        {
            // The usual chain is one descriptor; everything else is looked at more closely.
            if (_batchEnd < 0) count += ReapPlain(used[count..]);
            if (count == used.Length || _batchEnd < 0 && !TryBeginBatch()) break;
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

    /// <summary>Takes back chains of one descriptor, as long as nothing else comes; returns how many.</summary>
    private int ReapPlain(Span<UsedBuffer> used)
    {
        ref ChainRecord records = ref MemoryMarshal.GetArrayDataReference(_records);
        PackedRing ring = _ring;
        int size = ring.Size, slot = _nextUsed.Offset;
        ulong owner = _nextUsed.UsedFlags;
        bool inOrder = _features.InOrder;
        ushort oldest = _oldest;
        int most = (int)Math.Min((uint)used.Length, _published - _reaped);
        int i = 0;
        for (; i < most; i++)
        {
            PackedTail tail = ring.LoadTail(slot);
            uint id = tail.Id;
            if ((tail.Raw & PackedTail.OwnerMask) != owner || id >= size || inOrder && oldest != id) break;
            ref ChainRecord record = ref Unsafe.Add(ref records, id);
            // The length means something only with WRITE (virtio 1.3 §2.8.3).
            uint written = (tail.Flags & DescriptorFlags.Write) != 0 ? tail.Length : 0;
            if (record.Descriptors != 1 || written > record.WritableBytes) break;
            record.Descriptors = 0;
            oldest = record.NextChain;
            _free.Give((ushort)id);
            used[i] = new UsedBuffer((ushort)id, written);
            if (++slot < size) continue;
            slot = 0;
            owner ^= PackedTail.OwnerMask;
        }
        _oldest = oldest;
        _nextUsed = new PackedPosition(slot, owner != 0);
        _reaped += (uint)i;
        return i;
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
