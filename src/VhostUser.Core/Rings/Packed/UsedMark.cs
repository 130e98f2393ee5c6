namespace VhostUser.Rings.Packed;

/// <summary>
/// What this device leaves in the address field of a descriptor that it uses: how many descriptors the used one stands for. The
/// field is unused there (virtio 1.3 §2.8.2), the driver writes it anew before it matters again, and no buffer has such an
/// address. <see cref="PackedResume"/> tells why it is there.
/// </summary>
internal static class UsedMark
{
    private const ulong Magic = 0x5648_5553_4544UL << 16; // "VHUSED"

    /// <summary>The mark of the last descriptor of a longer chain, which does not look used.</summary>
    public const ulong End = Magic;

    public static ulong For(int descriptors) => Magic | (uint)descriptors;

    public static bool IsMark(ulong address) => (address & ~0xffffUL) == Magic;

    /// <summary>The number of descriptors, 1 to the ring's size; 0 when the address is no such mark.</summary>
    public static int Read(ulong address, int size)
    {
        int descriptors = (int)(address & 0xffff);
        return IsMark(address) && descriptors <= size ? descriptors : 0;
    }
}
