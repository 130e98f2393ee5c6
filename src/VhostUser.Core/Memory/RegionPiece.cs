namespace VhostUser.Memory;

/// <summary>A piece of a <see cref="SharedRegion"/> that a front-end placed a ring or buffers in.</summary>
internal sealed unsafe class RegionPiece(SharedRegion region, ulong offset, ulong length)
{
    public SharedRegion Region => region;
    public ulong Offset => offset;
    public ulong Length => length;

    /// <summary>Where it is in this process.</summary>
    public byte* Address => region.Memory.Address + offset;

    /// <summary>Guest-physical address of its first byte.</summary>
    public ulong GuestAddress => region.GuestAddress + offset;

    /// <summary>Front-end user address of its first byte.</summary>
    public ulong UserAddress => region.UserAddress + offset;
}
