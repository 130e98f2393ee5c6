namespace VhostUser.Rings.Split;

/// <summary>
/// Records, in memory that outlives this process, which chains of a split ring are in flight (vhost-user, "Inflight I/O tracking").
/// The front-end keeps the memory and gives it to the next back-end, which resubmits those chains in the order they were taken.
/// Nothing in it is trusted: a descriptor number is checked before it is followed, and no walk is longer than the ring.
/// </summary>
internal sealed unsafe class SplitInflight
{
    private const ushort CurrentVersion = 1;

    private readonly SplitInflightRegion* _region;
    private readonly SplitInflightRecord* _records;
    private readonly int _queue;
    private readonly int _size;
    private ulong _counter;

    /// <param name="memory">The ring's part of the buffer, of at least <see cref="BytesFor"/> its records.</param>
    /// <param name="records">Records that it has room for, as the front-end says.</param>
    /// <param name="queue">Ring index.</param>
    /// <param name="size">Descriptors of the ring.</param>
    /// <exception cref="VhostException">InflightInvalid: another version or size stands there, or the ring is larger.</exception>
    public SplitInflight(byte* memory, ushort records, int queue, int size)
    {
        _region = (SplitInflightRegion*)memory;
        _records = (SplitInflightRecord*)(memory + sizeof(SplitInflightRegion));
        _queue = queue;
        _size = size;
        if (size > records) throw Invalid($"has room for {records} descriptors, the ring has {size}");
        SplitInflightRegion head = *_region;
        if (head.Version == 0)
        {
            *_region = new SplitInflightRegion { Version = CurrentVersion, DescriptorCount = records };
            return;
        }
        if (head.Version != CurrentVersion) throw Invalid($"has version {head.Version}, expected {CurrentVersion}");
        if (head.DescriptorCount != records) throw Invalid($"was made for {head.DescriptorCount} descriptors, the message says {records}");
    }

    /// <summary>Bytes of a ring's part: both libvhost-user and DPDK start each at a multiple of 64.</summary>
    public static ulong BytesFor(ushort records) => (ulong)(sizeof(SplitInflightRegion) + sizeof(SplitInflightRecord) * records + 63) & ~63UL;

    /// <summary>Puts the records in order after a back-end that ended somewhere, and returns the heads in flight, oldest first.</summary>
    /// <param name="used">used.idx as it stands in the ring.</param>
    /// <exception cref="VhostException">InflightInvalid: the list of the last batch does not hold together.</exception>
    public ushort[] Recover(ushort used)
    {
        ushort batch = (ushort)(used - _region->UsedIndex);
        if (batch > _size) throw Invalid($"stopped at used index {_region->UsedIndex}; the ring's is {used}, more than its size of {_size} away");
        ushort head = _region->LastBatchHead;
        for (int i = 0; i < batch; i++)
        {
            // The driver has these already: their records had not been cleared when the back-end ended.
            if (head >= _size) throw Invalid($"lists descriptor {head} in its last batch; the ring has {_size}");
            _records[head].InFlight = 0;
            head = _records[head].Next;
        }
        Volatile.Write(ref _region->UsedIndex, used);
        var found = new List<(ulong Counter, ushort Head)>();
        for (int i = 0; i < _size; i++)
        {
            SplitInflightRecord record = _records[i];
            if (record.InFlight != 0) found.Add((record.Counter, (ushort)i));
        }
        found.Sort();
        _counter = found.Count == 0 ? 0 : found[^1].Counter + 1;
        return [.. found.Select(entry => entry.Head)];
    }

    /// <summary>Notes a chain that was taken.</summary>
    public void Add(ushort head)
    {
        _records[head].Counter = _counter++;
        Volatile.Write(ref _records[head].InFlight, 1);
    }

    /// <summary>Forgets a chain that goes back to the available ring.</summary>
    public void Withdraw(ushort head) => Volatile.Write(ref _records[head].InFlight, 0);

    /// <summary>Links the chains that the next used index will return; call it before that is written.</summary>
    public void BeginBatch(Chain* chains, int count)
    {
        ushort last = _region->LastBatchHead;
        for (int i = 0; i < count; i++)
        {
            Volatile.Write(ref _records[chains[i].Head].Next, last);
            last = chains[i].Head;
            Volatile.Write(ref _region->LastBatchHead, last); // each link before the head that leads to it
        }
    }

    /// <summary>Clears the chains of a batch; call it after the used index was written.</summary>
    public void EndBatch(Chain* chains, int count, ushort used)
    {
        // Volatile stores stay in their order, here and behind the used index.
        for (int i = 0; i < count; i++) Volatile.Write(ref _records[chains[i].Head].InFlight, 0);
        Volatile.Write(ref _region->UsedIndex, used);
    }

    private VhostException Invalid(string why) => RingException.Inflight(_queue, why);
}
