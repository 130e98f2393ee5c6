namespace VhostUser.Rings.Packed;

/// <summary>
/// Records, in memory that outlives this process, which chains of a packed ring are in flight (vhost-user, "Inflight I/O tracking").
/// Their descriptors are copied there, because used ones take their places in the ring. The front-end keeps the memory and gives it to
/// the next back-end. It is read once, by <see cref="Recover"/>, and checked; from then on this object's own lists say what is free,
/// and the memory is only written.
/// </summary>
internal sealed unsafe class PackedInflight
{
    private const ushort CurrentVersion = 1;
    private const ushort None = ushort.MaxValue;

    private readonly PackedInflightRegion* _region;
    private readonly PackedInflightRecord* _records;
    private readonly int _queue;
    private readonly int _size;
    private readonly ushort[] _next;     // as in the records: the next free one, or the next of the chain
    private readonly ushort[] _last;     // of the chain that starts at a record
    private readonly ushort[] _firstOf;  // by buffer id: the first record of a chain in flight
    private readonly ushort[] _batch = new ushort[ChainBurst.MaxChains];
    private ushort _free;
    private ulong _counter;

    /// <param name="memory">The ring's part of the buffer, of at least <see cref="BytesFor"/> its records.</param>
    /// <param name="records">Records that it has room for, as the front-end says.</param>
    /// <param name="queue">Ring index.</param>
    /// <param name="size">Descriptors of the ring.</param>
    /// <exception cref="VhostException">InflightInvalid: another version or size stands there, or the ring is larger.</exception>
    public PackedInflight(byte* memory, ushort records, int queue, int size)
    {
        _region = (PackedInflightRegion*)memory;
        _records = (PackedInflightRecord*)(memory + sizeof(PackedInflightRegion));
        _queue = queue;
        _size = size;
        if (size > records) throw Invalid($"has room for {records} descriptors, the ring has {size}");
        _next = new ushort[records];
        _last = new ushort[records];
        _firstOf = new ushort[size];
        Array.Fill(_firstOf, None);
        PackedInflightRegion head = *_region;
        IsNew = head.Version == 0;
        if (IsNew) return;
        if (head.Version != CurrentVersion) throw Invalid($"has version {head.Version}, expected {CurrentVersion}");
        if (head.DescriptorCount != records) throw Invalid($"was made for {head.DescriptorCount} descriptors, the message says {records}");
    }

    /// <summary>Whether no back-end has used the record: <see cref="Begin"/> it then, else <see cref="Recover"/> what it says.</summary>
    public bool IsNew { get; }

    /// <summary>Bytes of a ring's part: both libvhost-user's and DPDK's layout start each at a multiple of 64.</summary>
    public static ulong BytesFor(ushort records) => (ulong)(sizeof(PackedInflightRegion) + sizeof(PackedInflightRecord) * records + 63) & ~63UL;

    /// <summary>Prepares a part that is all zero: every record is free, and the ring is at its start. It stays a new one.</summary>
    public static void Prepare(byte* memory, ushort records) => Write((PackedInflightRegion*)memory, records, PackedPosition.Start);

    /// <summary>Starts to record a ring of which nothing is in flight.</summary>
    /// <param name="used">Where the next used descriptor goes.</param>
    public void Begin(PackedPosition used)
    {
        Write(_region, (ushort)_next.Length, used);
        for (int i = 0; i < _next.Length; i++) _next[i] = (ushort)(i + 1);
        _free = 0;
        _region->DescriptorCount = (ushort)_next.Length;
        Volatile.Write(ref _region->Version, CurrentVersion);
    }

    /// <summary>
    /// Puts ring and record in order after a back-end that ended somewhere. The chains in flight are made available again, oldest first,
    /// in the places behind the last used descriptor, which are the device's until it returns them; so they come first and in their order,
    /// and nothing is left of used descriptors that were not handed over. From then on nothing is in flight.
    /// </summary>
    /// <returns>Where to go on, and how many chains come again.</returns>
    /// <exception cref="VhostException">InflightInvalid: the records do not hold together, or do not fit the ring.</exception>
    public (PackedPosition Start, int Chains) Recover(PackedRing ring)
    {
        PackedPosition used = RecoverPlace(ring);
        var seen = new bool[_next.Length];
        int free = ReadFree(seen);
        var again = new List<PackedDescriptor>();
        ushort[] firsts = FindFirsts(seen);
        foreach (ushort first in firsts) ReadChain(first, seen, again);
        if (free + again.Count != _next.Length) throw Invalid($"has {free} free descriptors and {again.Count} in flight; of {_next.Length} in all the others are lost");
        if (!PackedResume.Fits(ring, used.Plus(again.Count, _size)))
            throw Invalid($"says that {again.Count} descriptors from {used.Offset} on are in flight; the flags of the ring's descriptors say that its driver was never behind them");
        PackedPosition place = used;
        foreach (PackedDescriptor descriptor in again)
        {
            ring.StoreAddress(place.Offset, descriptor.Address);
            ring.StoreTail(place.Offset, new PackedTail(descriptor.Tail | place.AvailableFlags));
            place = place.Plus(1, _size);
        }
        // Whoever ends between these finds a ring that tells its own place, and a record that says nothing.
        ring.StoreDeviceEvent(new EventSuppression(used, EventWish.Enable));
        Volatile.Write(ref _region->Version, 0);
        Begin(used);
        return (used, firsts.Length);
    }

    /// <summary>Notes a chain that was taken, with a copy of its descriptors.</summary>
    /// <exception cref="VhostException">The driver gave out a buffer id that is still in flight.</exception>
    public void Add(PackedRing ring, PackedPosition start, in Chain chain)
    {
        if (_firstOf[chain.Head] != None)
            throw RingException.Create(VhostError.DescriptorIndexInvalid, _queue, $"the chain at descriptor {start.Offset} has buffer id {chain.Head}, which another chain in flight has (virtio 1.3 §2.8.6).");
        ushort first = _free, last = first;
        for (int i = 0; i < chain.Descriptors; i++)
        {
            last = _free;
            _records[last].Address = ring.LoadAddress(start.Offset);
            _records[last].SetTail(ring.LoadTail(start.Offset));
            start = start.Plus(1, ring.Size);
            _free = _next[last];
        }
        _records[last].Descriptor = _records[last].Descriptor & ~0xffffUL | chain.Head; // the id that counts, should the driver have changed it meanwhile
        _records[first].Count = chain.Descriptors;
        _records[first].Last = last;
        _records[first].Counter = _counter++;
        Volatile.Write(ref _records[first].InFlight, 1);
        _firstOf[chain.Head] = first;
        _last[first] = last;
        StoreFree(); // from here on the chain counts
    }

    /// <summary>Forgets a chain that goes back to the ring.</summary>
    public void Withdraw(ushort id)
    {
        ushort first = Release(id);
        StoreFree();
        Volatile.Write(ref _records[first].InFlight, 0);
    }

    /// <summary>Notes that the chains of a batch are about to be handed over; call it before the first used descriptor is.</summary>
    /// <param name="chains">The chains.</param>
    /// <param name="count">How many.</param>
    /// <param name="from">Where the next used descriptor goes.</param>
    /// <param name="to">The same behind the batch.</param>
    public void BeginBatch(Chain* chains, int count, PackedPosition from, PackedPosition to)
    {
        ushort old = _free;
        for (int i = 0; i < count; i++) _batch[i] = Release(chains[i].Head);
        Volatile.Write(ref _region->FreeHeads, _free | (uint)old << 16);
        Volatile.Write(ref _region->UsedPlaces, Places(to, from));
    }

    /// <summary>Clears the chains of the batch; call it after the driver has it.</summary>
    public void EndBatch(int count, PackedPosition used)
    {
        for (int i = 0; i < count; i++) Volatile.Write(ref _records[_batch[i]].InFlight, 0);
        StoreFree();
        Volatile.Write(ref _region->UsedPlaces, Places(used, used));
    }

    private static ulong Places(PackedPosition used, PackedPosition old) =>
        (uint)used.Offset | (ulong)(uint)old.Offset << 16 | (used.Wrap ? 1UL << 32 : 0) | (old.Wrap ? 1UL << 40 : 0);

    private static void Write(PackedInflightRegion* region, ushort records, PackedPosition used)
    {
        var entries = (PackedInflightRecord*)(region + 1);
        for (int i = 0; i < records; i++) entries[i] = new PackedInflightRecord { Next = (ushort)(i + 1) };
        *region = new PackedInflightRegion { UsedPlaces = Places(used, used) };
    }

    /// <summary>A batch that the driver has is completed, any other change that was under way is undone.</summary>
    private PackedPosition RecoverPlace(PackedRing ring)
    {
        uint heads = Volatile.Read(ref _region->FreeHeads);
        ulong places = Volatile.Read(ref _region->UsedPlaces);
        PackedPosition used = Place(places & 0xffff, places >> 32 & 0xff, "used_idx");
        PackedPosition old = Place(places >> 16 & 0xffff, places >> 40 & 0xff, "old_used_idx");
        // The wrap counters too: a batch of as many descriptors as the ring has ends at the same index.
        bool given = used != old && (ring.LoadTail(old.Offset).Raw & PackedTail.OwnerMask) != old.AvailableFlags;
        _free = (ushort)(given ? heads : heads >> 16);
        return given ? used : old;

        PackedPosition Place(ulong index, ulong wrap, string field) => index < (ulong)_size && wrap <= 1 ? new PackedPosition((int)index, wrap == 1)
            : throw Invalid($"has {field} {index} with wrap counter {wrap}; the ring has {_size} descriptors");
    }

    private int ReadFree(bool[] seen)
    {
        int count = 0;
        for (ushort i = _free; i < _next.Length; i = _next[i], count++)
        {
            if (seen[i]) throw Invalid($"lists descriptor {i} as free twice");
            seen[i] = true;
            _next[i] = Volatile.Read(ref _records[i].Next);
            _records[i].InFlight = 0;
        }
        return count;
    }

    private ushort[] FindFirsts(bool[] seen)
    {
        var found = new List<(ulong Counter, ushort First)>();
        for (int i = 0; i < seen.Length; i++)
        {
            PackedInflightRecord record = _records[i];
            if (!seen[i] && record.InFlight != 0) found.Add((record.Counter, (ushort)i));
        }
        found.Sort();
        return [.. found.Select(entry => entry.First)];
    }

    private void ReadChain(ushort first, bool[] seen, List<PackedDescriptor> again)
    {
        PackedInflightRecord head = _records[first];
        if (head.Count == 0 || head.Count > _size - again.Count) throw Invalid($"has a chain of {head.Count} descriptors in flight, and {again.Count} before it; the ring has {_size}");
        ushort at = first, last = first;
        for (int i = 0; i < head.Count; i++)
        {
            if (at >= seen.Length || seen[at]) throw Invalid($"lists descriptor {at} in the chain of {first}, {(at >= seen.Length ? $"and has {seen.Length}" : "and elsewhere as well")}");
            seen[at] = true;
            PackedInflightRecord record = _records[at];
            DescriptorFlags flags = record.Tail.Flags & (DescriptorFlags.Write | DescriptorFlags.Indirect) | (i < head.Count - 1 ? DescriptorFlags.Next : 0);
            again.Add(new PackedDescriptor { Address = record.Address, Tail = new PackedTail(record.Tail.Length, record.Tail.Id, flags).Raw });
            last = at;
            at = record.Next;
        }
        if (last != head.Last) throw Invalid($"says that the chain of {first} ends at {head.Last}; its {head.Count} descriptors end at {last}");
    }

    /// <summary>Puts a chain's records before the free ones; the list's head is stored by the caller.</summary>
    private ushort Release(ushort id)
    {
        ushort first = _firstOf[id], last = _last[first];
        _firstOf[id] = None;
        _next[last] = _free;
        Volatile.Write(ref _records[last].Next, _free);
        _free = first;
        return first;
    }

    private void StoreFree() => Volatile.Write(ref _region->FreeHeads, _free | (uint)_free << 16);

    private VhostException Invalid(string why) => RingException.Inflight(_queue, why);
}
