using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;

namespace VhostUser.Rings;

/// <summary>What differs between the two layouts before a queue works on them: names, sizes and alignments of the three areas.</summary>
/// <param name="Packed">Whether VIRTIO_F_RING_PACKED was negotiated.</param>
internal readonly record struct RingLayout(bool Packed)
{
    /// <summary>The areas as the layout calls them, in the order descriptors, available, used (vhost-user, "A vring address description").</summary>
    public (string Name, int Alignment, ulong Bytes)[] Areas(int size) => Packed
        ?
        [
            ("descriptor ring", PackedRing.DescriptorAlignment, PackedRing.DescriptorBytes(size)),
            ("driver event suppression area", PackedRing.EventAlignment, PackedRing.EventBytes),
            ("device event suppression area", PackedRing.EventAlignment, PackedRing.EventBytes),
        ]
        :
        [
            ("descriptor table", SplitRing.DescriptorAlignment, SplitRing.DescriptorBytes(size)),
            ("available ring", SplitRing.AvailableAlignment, SplitRing.AvailableBytes(size)),
            ("used ring", SplitRing.UsedAlignment, SplitRing.UsedBytes(size)),
        ];

    /// <summary>The sizes that a ring may have, in words.</summary>
    public string SizeRule => Packed ? $"1 to {PackedRing.MaxSize}" : $"a power of two from 1 to {SplitRing.MaxSize}";

    public bool IsValidSize(uint size) => Packed ? PackedRing.IsValidSize(size) : SplitRing.IsValidSize(size);
}
