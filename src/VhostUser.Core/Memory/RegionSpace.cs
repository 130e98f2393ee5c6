namespace VhostUser.Memory;

/// <summary>The regions that one client may place its rings and buffers in; the first with room takes each piece.</summary>
internal sealed class RegionSpace(IReadOnlyList<SharedRegion> regions)
{
    private readonly Lock _lock = new();
    private readonly HashSet<RegionPiece> _pieces = []; // what is not given back yet
    private volatile IReadOnlyList<SharedRegion> _regions = regions;

    /// <summary>The IOMMU in front of the regions, or null; set before the first piece is taken.</summary>
    public IovaMap? Iommu { get; set; }

    /// <summary>Whether ring addresses are guest-physical ones (GPA_ADDRESSES).</summary>
    public bool RingsByGuestAddress { get; set; }

    /// <summary>A piece of memory, page-aligned.</summary>
    /// <exception cref="VhostException">RegionTooSmall.</exception>
    public RegionPiece Allocate(ulong bytes, string purpose) => TryAllocate(bytes) ?? throw new VhostException(VhostError.RegionTooSmall,
        $"{purpose} need(s) {bytes:#,0} bytes; the largest free piece of {string.Join(", ", _regions.Select(region => $"region '{region.Name}' is {region.LargestFree:#,0}"))}.",
        _regions[0].Name, "Make a larger region (New-VhostSharedRegion -Size), or use a smaller -QueueSize or -BufferSize.");

    public RegionPiece? TryAllocate(ulong bytes)
    {
        lock (_lock)
        {
            foreach (SharedRegion region in _regions)
            {
                if (region.TryAllocate(bytes) is not RegionPiece piece) continue;
                var owned = new RegionPiece(region, piece.Offset, piece.Length) { Space = this, Iova = Iommu?.Add(piece.UserAddress, bytes), RingsByGuestAddress = RingsByGuestAddress };
                _pieces.Add(owned);
                return owned;
            }
            return null;
        }
    }

    /// <summary>Makes a region's room available; it is used when those before it have none.</summary>
    public void Add(SharedRegion region)
    {
        lock (_lock) _regions = [.. _regions, region];
    }

    /// <summary>Takes a region away, unless a ring or buffer of this client lies in it; others may use it on.</summary>
    /// <param name="region">The region.</param>
    /// <param name="used">Bytes that this client has in it.</param>
    public bool TryRemove(SharedRegion region, out ulong used)
    {
        lock (_lock)
        {
            used = _pieces.Where(piece => piece.Region == region).Aggregate(0UL, (sum, piece) => sum + piece.Length);
            if (used > 0) return false;
            _regions = [.. _regions.Where(other => other != region)];
            return true;
        }
    }

    /// <summary>Called when a piece was given back.</summary>
    public void Forget(RegionPiece piece)
    {
        lock (_lock) _pieces.Remove(piece);
    }

    /// <summary>Where the range of a descriptor is in this process; null when it is in none of the regions.</summary>
    public unsafe byte* Translate(ulong address, ulong length)
    {
        if (Iommu is not null) return Iommu.Find(address) is ulong user ? Find(region => region.UserAddress, user, length) : null;
        return Find(region => region.GuestAddress, address, length);
    }

    private unsafe byte* Find(Func<SharedRegion, ulong> start, ulong address, ulong length)
    {
        foreach (SharedRegion region in _regions)
        {
            ulong offset = unchecked(address - start(region));
            if (offset < (ulong)region.Size && length <= (ulong)region.Size - offset) return region.Memory.Address + offset;
        }
        return null;
    }
}
