using System.Runtime.CompilerServices;
using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>
/// A back-end's view of the front-end's memory. Rings come as user addresses, buffers as guest-physical ones; both pass here,
/// the one door between numbers that a peer chose and pointers.
/// </summary>
internal sealed unsafe partial class MemoryTable : IDisposable
{
    private readonly List<MemoryRegion> _regions = [];
    private GuestRange[] _guest = [];

    /// <summary>A region as the packet path needs it: 24 bytes.</summary>
    internal struct GuestRange
    {
        public ulong Start;
        public ulong Size;
        public byte* Address;
    }

    public IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <summary>The ranges, the most recently added last; the packet path keeps the one it hit last.</summary>
    public ReadOnlySpan<GuestRange> GuestRanges => Iotlb is null && !IsPostcopy ? _guest : [];

    /// <summary>Takes a mapped region; it is disposed with the table or on <see cref="Remove"/>.</summary>
    /// <exception cref="VhostException">MemoryRegionOverlap.</exception>
    public void Add(MemoryRegion region)
    {
        MemoryRegionDescription row = region.Description;
        foreach (MemoryRegion other in _regions)
        {
            MemoryRegionDescription o = other.Description;
            bool guest = Overlap(row.GuestAddress, o.GuestAddress, row.Size, o.Size);
            if (guest || Overlap(row.UserAddress, o.UserAddress, row.Size, o.Size))
                throw new VhostException(VhostError.MemoryRegionOverlap,
                    $"Memory region ({row}) overlaps region ({o}) in {(guest ? "guest-physical" : "user")} addresses.", "memory table",
                    "Every guest-physical and every user address must belong to one region only.");
        }
        _regions.Add(region);
        Rebuild();

        // Both ranges end below 2^64, so the sums don't wrap.
        static bool Overlap(ulong a, ulong b, ulong aSize, ulong bSize) => a < b + bSize && b < a + aSize;
    }

    public MemoryRegion? Find(in MemoryRegionDescription description)
    {
        foreach (MemoryRegion region in _regions)
            if (region.Description.IsSameRegion(description)) return region;
        return null;
    }

    public void Remove(MemoryRegion region)
    {
        _regions.Remove(region);
        Rebuild();
        region.Dispose();
    }

    /// <summary>Whether a peer truncated one of the files.</summary>
    public bool IsLost
    {
        get
        {
            foreach (MemoryRegion region in _regions)
                if (region.IsLost) return true;
            return false;
        }
    }

    /// <summary>Where [address, address + length) of user addresses is in this process, or null when it is not in one region.</summary>
    public byte* TranslateUser(ulong address, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = unchecked(address - region.Description.UserAddress);
            if (offset < region.Description.Size && length <= region.Description.Size - offset) return IsPostcopy ? Arrived(region.Address + offset, length) : region.Address + offset;
        }
        return null;
    }

    /// <summary>Where [address, address + length) of guest-physical addresses is, or null when it is not in one region.</summary>
    public byte* TranslateGuest(ulong address, ulong length)
    {
        if (Iotlb is not null) return TranslateIova(address, length, IotlbPermission.Read);
        foreach (ref readonly GuestRange range in _guest.AsSpan())
        {
            ulong offset = unchecked(address - range.Start);
            if (offset < range.Size && length <= range.Size - offset) return IsPostcopy ? Arrived(range.Address + offset, length) : range.Address + offset;
        }
        return null;
    }

    /// <summary>
    /// The first part of [address, address + length) that lies in one region; a buffer may cross into an adjacent one.
    /// Returns null when not even the first byte is inside a region; <paramref name="hit"/> is the region for the next look.
    /// </summary>
    /// <param name="address">Guest-physical address, or IOVA behind an IOMMU.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="hit">The range for the next look.</param>
    /// <param name="covered">Bytes of the first part.</param>
    /// <param name="wanted">What will be done with the bytes; an IOMMU may not allow it.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public byte* TranslateGuestPrefix(ulong address, ulong length, out GuestRange hit, out ulong covered, IotlbPermission wanted = IotlbPermission.ReadWrite)
    {
        if (Iotlb is not null) return TranslateIovaPrefix(address, length, wanted, out hit, out covered);
        foreach (ref readonly GuestRange range in _guest.AsSpan())
        {
            ulong offset = unchecked(address - range.Start);
            if (offset >= range.Size) continue;
            hit = IsPostcopy ? default : range;
            covered = Math.Min(length, range.Size - offset);
            return IsPostcopy ? Arrived(range.Address + offset, covered) : range.Address + offset;
        }
        hit = default;
        covered = 0;
        return null;
    }

    /// <summary>The guest-physical address of a place in this process, or null when it is in no region.</summary>
    public ulong? FindGuestAddress(byte* address)
    {
        foreach (ref readonly GuestRange range in _guest.AsSpan())
        {
            ulong offset = unchecked((ulong)address - (ulong)range.Address);
            if (offset < range.Size) return range.Start + offset;
        }
        return null;
    }

    /// <summary>The table in words, for messages that name an address outside of it.</summary>
    public string Describe(bool user)
    {
        if (_regions.Count == 0) return "no memory region has been set";
        return "the regions are " + string.Join(", ", _regions.Select(region =>
        {
            ulong start = user ? region.Description.UserAddress : region.Description.GuestAddress;
            return $"[0x{start:x}, 0x{start + region.Description.Size:x})";
        }));
    }

    public void Dispose()
    {
        foreach (MemoryRegion region in _regions) region.Dispose();
        _regions.Clear();
        _guest = [];
    }

    private void Rebuild() => _guest = [.. _regions.Select(region => new GuestRange
    {
        Start = region.Description.GuestAddress,
        Size = region.Description.Size,
        Address = region.Address,
    })];
}
