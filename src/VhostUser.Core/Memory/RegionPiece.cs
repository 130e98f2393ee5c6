namespace VhostUser.Memory;

/// <summary>A piece of a <see cref="SharedRegion"/> that a front-end placed a ring or buffers in.</summary>
internal sealed unsafe class RegionPiece(SharedRegion region, ulong offset, ulong length)
{
    public SharedRegion Region => region;
    public ulong Offset => offset;
    public ulong Length => length;

    /// <summary>The client's space that it was taken from; null for a piece of nobody.</summary>
    public RegionSpace? Space { get; init; }

    /// <summary>Where it is in this process.</summary>
    public byte* Address => region.Memory.Address + offset;

    /// <summary>Its address behind the IOMMU, which then is what rings and descriptors carry; null without one.</summary>
    public ulong? Iova { get; init; }

    /// <summary>Whether ring addresses are guest-physical ones (GPA_ADDRESSES).</summary>
    public bool RingsByGuestAddress { get; init; }

    /// <summary>Address of its first byte for descriptors: guest-physical, or IOVA.</summary>
    public ulong GuestAddress => Iova ?? region.GuestAddress + offset;

    /// <summary>Address of its first byte for SET_VRING_ADDR: front-end user, guest-physical, or IOVA.</summary>
    public ulong UserAddress => Iova ?? (RingsByGuestAddress ? region.GuestAddress : region.UserAddress) + offset;
}
