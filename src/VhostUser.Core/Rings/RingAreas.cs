using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;

namespace VhostUser.Rings;

/// <summary>
/// Where a ring's three areas lie, as offsets in bytes from the start of its piece of memory. In a packed ring "available" is the
/// driver's event suppression area and "used" the device's, as in SET_VRING_ADDR.
/// </summary>
internal readonly record struct RingAreas(int Size, ulong Descriptors, ulong Available, ulong Used, bool Packed = false)
{
    /// <summary>Bytes from the start to the end of the last area, in whole pages.</summary>
    public ulong TotalBytes => Used + (Packed ? PackedRing.EventBytes : SplitRing.UsedBytes(Size)) + 4095 & ~4095UL;

    /// <summary>The usual layout: areas on cache lines of their own, so that the two sides don't share one by chance.</summary>
    public static RingAreas Standard(int size, bool packed = false)
    {
        if (packed)
        {
            ulong driver = Align(PackedRing.DescriptorBytes(size), 128);
            return new RingAreas(size, 0, driver, driver + 128, Packed: true);
        }
        ulong available = Align(SplitRing.DescriptorBytes(size), 64);
        ulong used = Align(available + SplitRing.AvailableBytes(size), 4096);
        return new RingAreas(size, 0, available, used);
    }

    /// <summary>The layout inside vapp's structure, behind its two descriptors: the table at byte 8, the used ring on a page.</summary>
    public static RingAreas Vapp => new(Rings.Vapp.VappLayout.QueueSize, 8, 524_296, 593_920);

    private static ulong Align(ulong value, ulong alignment) => value + alignment - 1 & ~(alignment - 1);
}
