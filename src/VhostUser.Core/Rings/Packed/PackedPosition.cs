namespace VhostUser.Rings.Packed;

/// <summary>
/// A place in a packed ring with its wrap counter (virtio 1.3 §2.8.1): the counter starts at 1 and flips whenever the place
/// comes round to 0, which is how a descriptor of this lap is told from one of the last.
/// </summary>
/// <param name="Offset">Descriptor, from 0.</param>
/// <param name="Wrap">Wrap counter.</param>
internal readonly record struct PackedPosition(int Offset, bool Wrap)
{
    /// <summary>Where both sides start.</summary>
    public static PackedPosition Start => new(0, true);

    /// <summary>The form of GET_VRING_BASE and of event suppression: offset in bits 0-14, wrap counter in bit 15.</summary>
    public ushort Bits => (ushort)(Offset | (Wrap ? 0x8000 : 0));

    /// <summary>The owner flags of a descriptor that is available in this lap: AVAIL is the wrap counter, USED its inverse.</summary>
    public ulong AvailableFlags => (ulong)(Wrap ? DescriptorFlags.Available : DescriptorFlags.Used) << 48;

    /// <summary>The owner flags of a descriptor that was used in this lap: both are the wrap counter.</summary>
    public ulong UsedFlags => Wrap ? PackedTail.OwnerMask : 0;

    public static PackedPosition FromBits(uint bits) => new((int)(bits & 0x7fff), (bits & 0x8000) != 0);

    /// <summary>The place so many descriptors further on, at most one lap.</summary>
    public PackedPosition Plus(int count, int size)
    {
        int offset = Offset + count;
        return offset >= size ? new PackedPosition(offset - size, !Wrap) : new PackedPosition(offset, Wrap);
    }

    /// <summary>The place before this one.</summary>
    public PackedPosition Before(int size) => Offset == 0 ? new PackedPosition(size - 1, !Wrap) : new PackedPosition(Offset - 1, Wrap);

    /// <summary>Descriptors from here to <paramref name="other"/>, 1 to two laps: as far as a wrap counter can tell.</summary>
    public int DistanceTo(PackedPosition other, int size)
    {
        int distance = other.Offset - Offset + (other.Wrap == Wrap ? 0 : size);
        return distance > 0 ? distance : distance + 2 * size;
    }
}
