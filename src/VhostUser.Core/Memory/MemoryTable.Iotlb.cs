using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>The table behind an IOMMU: addresses are IOVAs, which the cache turns into user addresses first.</summary>
internal sealed unsafe partial class MemoryTable
{
    /// <summary>What the front-end has told of its IOMMU; null while ACCESS_PLATFORM is not negotiated.</summary>
    public IotlbCache? Iotlb { get; set; }

    /// <summary>Where [iova, iova + length) is in this process, or null when it is in several places or in none of the regions.</summary>
    /// <exception cref="IotlbMissException">The front-end must be asked first; the cache is not quiet.</exception>
    public byte* TranslateIova(ulong iova, ulong length, IotlbPermission wanted)
    {
        byte* start = TranslateIovaPrefix(iova, length, wanted, out _, out ulong covered);
        while (start != null && covered < length)
        {
            byte* next = TranslateIovaPrefix(iova + covered, length - covered, wanted, out _, out ulong more);
            if (next != start + covered) return null;
            covered += more;
        }
        return start;
    }

    /// <summary>The first part of an IOVA range, as <see cref="TranslateGuestPrefix"/>.</summary>
    private byte* TranslateIovaPrefix(ulong iova, ulong length, IotlbPermission wanted, out GuestRange hit, out ulong covered)
    {
        hit = default;
        covered = 0;
        if (!Iotlb!.TryFind(iova, wanted, out IotlbEntry entry))
        {
            if (Iotlb.IsQuiet) return null;
            throw new IotlbMissException(iova, wanted);
        }
        ulong offset = iova - entry.Iova;
        byte* address = UserPrefix(entry.User + offset, entry.Size - offset, out ulong mapped);
        if (address == null) return null;
        covered = Math.Min(length, mapped);
        if (IsPostcopy) return Arrived(address, covered);
        // A range that allows one kind of access only must not be remembered by who does not look at the kind.
        if (entry.Permission == IotlbPermission.ReadWrite) hit = new GuestRange { Start = iova, Size = mapped, Address = address };
        return address;
    }

    private byte* UserPrefix(ulong address, ulong length, out ulong covered)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong start = Iotlb!.UserIsGuest ? region.Description.GuestAddress : region.Description.UserAddress;
            ulong offset = unchecked(address - start);
            if (offset >= region.Description.Size) continue;
            covered = Math.Min(length, region.Description.Size - offset);
            return region.Address + offset;
        }
        covered = 0;
        return null;
    }
}
