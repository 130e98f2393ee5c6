namespace VhostUser.Memory;

/// <summary>The regions that one client may place its rings and buffers in; the first with room takes each piece.</summary>
internal sealed class RegionSpace(IReadOnlyList<SharedRegion> regions)
{
    /// <summary>A piece of memory, page-aligned.</summary>
    /// <exception cref="VhostException">RegionTooSmall.</exception>
    public RegionPiece Allocate(ulong bytes, string purpose) => TryAllocate(bytes) ?? throw new VhostException(VhostError.RegionTooSmall,
        $"{purpose} need(s) {bytes:#,0} bytes; the largest free piece of {string.Join(", ", regions.Select(region => $"region '{region.Name}' is {region.LargestFree:#,0}"))}.",
        regions[0].Name, "Make a larger region (New-VhostSharedRegion -Size), or use a smaller -QueueSize or -BufferSize.");

    public RegionPiece? TryAllocate(ulong bytes)
    {
        foreach (SharedRegion region in regions)
        {
            if (region.TryAllocate(bytes) is RegionPiece piece) return piece;
        }
        return null;
    }

    /// <summary>Where a guest-physical range is in this process; null when it is in none of the regions.</summary>
    public unsafe byte* Translate(ulong address, ulong length)
    {
        foreach (SharedRegion region in regions)
        {
            ulong offset = unchecked(address - region.GuestAddress);
            if (offset < (ulong)region.Size && length <= (ulong)region.Size - offset) return region.Memory.Address + offset;
        }
        return null;
    }
}
