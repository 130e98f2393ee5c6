namespace VhostUser.Memory;

/// <summary>The regions that one client may place its rings and buffers in; the first with room takes each piece.</summary>
internal sealed class RegionSpace(IReadOnlyList<SharedRegion> regions)
{
    /// <summary>The IOMMU in front of the regions, or null; set before the first piece is taken.</summary>
    public IovaMap? Iommu { get; set; }

    /// <summary>Whether ring addresses are guest-physical ones (GPA_ADDRESSES).</summary>
    public bool RingsByGuestAddress { get; set; }

    /// <summary>A piece of memory, page-aligned.</summary>
    /// <exception cref="VhostException">RegionTooSmall.</exception>
    public RegionPiece Allocate(ulong bytes, string purpose) => TryAllocate(bytes) ?? throw new VhostException(VhostError.RegionTooSmall,
        $"{purpose} need(s) {bytes:#,0} bytes; the largest free piece of {string.Join(", ", regions.Select(region => $"region '{region.Name}' is {region.LargestFree:#,0}"))}.",
        regions[0].Name, "Make a larger region (New-VhostSharedRegion -Size), or use a smaller -QueueSize or -BufferSize.");

    public RegionPiece? TryAllocate(ulong bytes)
    {
        foreach (SharedRegion region in regions)
        {
            if (region.TryAllocate(bytes) is not RegionPiece piece) continue;
            if (Iommu is null && !RingsByGuestAddress) return piece;
            return new RegionPiece(region, piece.Offset, piece.Length) { Iova = Iommu?.Add(piece.UserAddress, bytes), RingsByGuestAddress = RingsByGuestAddress };
        }
        return null;
    }

    /// <summary>Where the range of a descriptor is in this process; null when it is in none of the regions.</summary>
    public unsafe byte* Translate(ulong address, ulong length)
    {
        if (Iommu is not null) return Iommu.Find(address) is ulong user ? Find(region => region.UserAddress, user, length) : null;
        return Find(region => region.GuestAddress, address, length);
    }

    private unsafe byte* Find(Func<SharedRegion, ulong> start, ulong address, ulong length)
    {
        foreach (SharedRegion region in regions)
        {
            ulong offset = unchecked(address - start(region));
            if (offset < (ulong)region.Size && length <= (ulong)region.Size - offset) return region.Memory.Address + offset;
        }
        return null;
    }
}
