using System.Runtime.Intrinsics;

namespace VhostUser.Rings.Packed;

/// <summary>
/// Returns a burst of chains to the driver in steps, so that a device that is killed between any two of them leaves a ring on
/// which the next can go on: <see cref="Begin"/>, <see cref="WriteNext"/> until it is false, <see cref="Note"/>,
/// <see cref="Publish"/>. The driver looks at the used descriptors in order, so the first one, written last with release
/// order, publishes all (virtio 1.3 §2.8.22).
/// </summary>
internal unsafe ref struct PackedUsedBurst
{
    private readonly PackedRing _ring;
    private readonly Chain* _chains;
    private readonly int _count;
    private readonly bool _inOrder;
    private readonly int _first;
    private readonly PackedTail _firstTail;
    private readonly int _firstSize;
    private int _lastSize; // of the last batch written
    private int _next;

    /// <param name="ring">The ring.</param>
    /// <param name="start">Where the next used descriptor belongs.</param>
    /// <param name="chains">The chains, in the order of use.</param>
    /// <param name="count">How many, at least one.</param>
    /// <param name="inOrder">VIRTIO_F_IN_ORDER.</param>
    public PackedUsedBurst(PackedRing ring, PackedPosition start, Chain* chains, int count, bool inOrder)
    {
        _ring = ring;
        _chains = chains;
        _count = count;
        _inOrder = inOrder;
        _first = start.Offset;
        _firstSize = _lastSize = NextBatch();
        _firstTail = Tail(start);
        End = start.Plus(_firstSize, ring.Size);
    }

    /// <summary>Where the next used descriptor belongs, after what was written so far.</summary>
    public PackedPosition End { get; private set; }

    /// <summary>Says that the chain at the start is being returned, and how long it is; the driver does not see it.</summary>
    public readonly void Begin() => _ring.StoreAddress(_first, UsedMark.For(_firstSize));

    /// <summary>Writes one used descriptor behind the first; false when none is left. The driver stops at the first and does not see it.</summary>
    public bool WriteNext()
    {
        if (_next == _count) return false;
        int size = _lastSize = NextBatch();
        // The mark before the flags: a descriptor that looks used has one.
        _ring.StoreAddress(End.Offset, UsedMark.For(size));
        _ring.StoreTail(End.Offset, Tail(End));
        End = End.Plus(size, _ring.Size);
        return true;
    }

    /// <summary>
    /// Writes used descriptors as long as they stand for one descriptor each, with one store for mark and flags, which no kill can
    /// part; then <see cref="WriteNext"/> goes on.
    /// </summary>
    public void WriteSingles()
    {
        PackedDescriptor* descriptors = _ring.Descriptors;
        int size = _ring.Size, slot = End.Offset, next = _next;
        ulong owner = End.UsedFlags;
        for (; next < _count; next++)
        {
            Chain* chain = _chains + next;
            if (chain->Descriptors != 1 || _inOrder && chain->WritableSegments == 0) break; // perhaps one of a batch
            Vector128.Create(UsedMark.For(1), Tail(chain, owner)).Store((ulong*)(descriptors + slot));
            if (++slot < size) continue;
            slot = 0;
            owner ^= PackedTail.OwnerMask;
        }
        if (next == _next) return;
        _next = next;
        _lastSize = 1;
        End = new PackedPosition(slot, owner != 0);
    }

    /// <summary>Notes the place behind the burst where the driver does not read it, or reads just this in it.</summary>
    public readonly void Note(EventWish wish)
    {
        if (_lastSize > 1) _ring.StoreAddress(End.Before(_ring.Size).Offset, UsedMark.End);
        _ring.StoreDeviceEvent(new EventSuppression(End, wish));
    }

    /// <summary>Hands the burst to the driver.</summary>
    public readonly void Publish() => _ring.StoreTail(_first, _firstTail);

    /// <summary>Steps over the chains that one used descriptor stands for; returns how many descriptors they have.</summary>
    private int NextBatch()
    {
        int size = _chains[_next].Descriptors;
        // In order, the last of a batch stands for all (virtio 1.3 §2.8.10). The driver takes the others as used to their full
        // length, so this is for chains that the device does not write; DPDK's driver expects it on these only, too.
        while (_inOrder && _next + 1 < _count && _chains[_next].WritableSegments == 0 && _chains[_next + 1].WritableSegments == 0) size += _chains[++_next].Descriptors;
        _next++;
        return size;
    }

    private readonly PackedTail Tail(PackedPosition position) => new(Tail(_chains + _next - 1, position.UsedFlags));

    private static ulong Tail(Chain* chain, ulong owner)
    {
        ulong written = chain->Written > 0 ? (ulong)DescriptorFlags.Write << 48 : 0; // the length counts only with WRITE (virtio 1.3 §2.8.3)
        return chain->Written | (ulong)chain->Head << 32 | written | owner;
    }
}
