using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>
/// The IOMMU that a front-end plays: pieces of its memory get addresses of their own, which say nothing of where they lie. An
/// address is given once and never again, so that a stale one is always noticed. Any thread may use it.
/// </summary>
internal sealed class IovaMap
{
    /// <summary>Bytes of a page of this IOMMU: what one UPDATE covers.</summary>
    public const ulong Page = 4096;

    // Far from guest-physical and user addresses, so that one taken for the other fails.
    private const ulong First = 0x6000_0000_0000;
    private const ulong Gap = 0x1_0000;

    private readonly Lock _lock = new();
    private readonly SortedList<ulong, (ulong Size, ulong User)> _pieces = [];
    private ulong _next = First;

    /// <summary>Gives a piece its addresses; <paramref name="user"/> is a multiple of a page.</summary>
    public ulong Add(ulong user, ulong size)
    {
        lock (_lock)
        {
            ulong iova = _next;
            ulong whole = (size + Page - 1) & ~(Page - 1);
            _next += whole + Gap;
            _pieces[iova] = (whole, user);
            return iova;
        }
    }

    /// <summary>Forgets a piece; returns the bytes that were mapped.</summary>
    public ulong Remove(ulong iova)
    {
        lock (_lock)
        {
            ulong size = _pieces.TryGetValue(iova, out (ulong Size, ulong User) piece) ? piece.Size : 0;
            _pieces.Remove(iova);
            return size;
        }
    }

    /// <summary>The user address of an IOVA, or null where nothing is mapped.</summary>
    public ulong? Find(ulong iova)
    {
        lock (_lock)
        {
            foreach ((ulong start, (ulong size, ulong user)) in _pieces)
                if (unchecked(iova - start) < size) return user + (iova - start);
            return null;
        }
    }

    /// <summary>What is mapped: IOVA and size of each piece.</summary>
    public (ulong Iova, ulong Size)[] Pieces
    {
        get { lock (_lock) return [.. _pieces.Select(piece => (piece.Key, piece.Value.Size))]; }
    }

    /// <summary>The UPDATE that answers a miss: the page of the address; null where nothing is mapped.</summary>
    public IotlbPayload? Answer(ulong iova)
    {
        ulong page = iova & ~(Page - 1);
        return Find(page) is not ulong user ? null
            : new IotlbPayload { Iova = page, Size = Page, UserAddress = user, Permission = IotlbPermission.ReadWrite, Type = IotlbType.Update };
    }
}
