using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>A range of IOVAs and where it lies in the front-end's user addresses.</summary>
internal readonly record struct IotlbEntry(ulong Iova, ulong Size, ulong User, IotlbPermission Permission);

/// <summary>The front-end has not told where an IOVA lies, or not for this kind of access.</summary>
internal sealed class IotlbMissException(ulong iova, IotlbPermission wanted) : Exception($"IOVA 0x{iova:x} has no translation for {wanted}.")
{
    public ulong Iova => iova;

    public IotlbPermission Wanted => wanted;
}

/// <summary>
/// What a back-end knows of the front-end's IOMMU (vhost-user, "IOMMU support"): ranges that UPDATE added, until INVALIDATE or a
/// newer UPDATE of the same addresses takes them away.
/// </summary>
internal sealed class IotlbCache
{
    /// <summary>The most ranges that are kept: when a front-end adds more, all are forgotten and asked for again.</summary>
    public const int Capacity = 16384;

    private readonly SortedList<ulong, IotlbEntry> _entries = [];

    public int Count => _entries.Count;

    /// <summary>Misses give null instead of an exception: for photographs, which must not ask the front-end for anything.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Whether an UPDATE's user addresses are guest-physical ones (GPA_ADDRESSES).</summary>
    public bool UserIsGuest { get; init; }

    /// <summary>Adds a range that ends below 2^64; what it covers of older ones is replaced. True when all others were forgotten for lack of room.</summary>
    public bool Insert(in IotlbEntry entry)
    {
        Invalidate(entry.Iova, entry.Size);
        bool full = _entries.Count >= Capacity;
        if (full) _entries.Clear();
        if (entry.Permission != IotlbPermission.None) _entries[entry.Iova] = entry;
        return full;
    }

    /// <summary>Forgets [iova, iova + size); ranges that reach beyond keep the rest. Returns whether anything was forgotten.</summary>
    public bool Invalidate(ulong iova, ulong size)
    {
        if (size == 0) return false;
        ulong last = size - 1 > ulong.MaxValue - iova ? ulong.MaxValue : iova + (size - 1);
        int i = IndexAtOrBefore(iova);
        if (i < 0 || LastOf(_entries.Values[i]) < iova) i++;
        bool any = false;
        while (i < _entries.Count && _entries.Keys[i] <= last)
        {
            IotlbEntry old = _entries.Values[i];
            ulong oldLast = LastOf(old);
            _entries.RemoveAt(i);
            any = true;
            if (old.Iova < iova) _entries[old.Iova] = old with { Size = iova - old.Iova };
            if (oldLast > last) _entries[last + 1] = new IotlbEntry(last + 1, oldLast - last, old.User + (last + 1 - old.Iova), old.Permission);
            if (old.Iova < iova) i++;
        }
        return any;
    }

    /// <summary>The range that holds an IOVA and allows the access; false on a miss.</summary>
    public bool TryFind(ulong iova, IotlbPermission wanted, out IotlbEntry entry)
    {
        int i = IndexAtOrBefore(iova);
        entry = i < 0 ? default : _entries.Values[i];
        return i >= 0 && iova - entry.Iova < entry.Size && (entry.Permission & wanted) == wanted;
    }

    public void Clear() => _entries.Clear();

    private static ulong LastOf(in IotlbEntry entry) => entry.Iova + (entry.Size - 1);

    private int IndexAtOrBefore(ulong iova)
    {
        IList<ulong> keys = _entries.Keys;
        int low = 0, high = keys.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (keys[middle] <= iova) low = middle + 1;
            else high = middle - 1;
        }
        return high;
    }
}
