using VhostUser.Rings.Split;

namespace VhostUser.Rings.Packed;

/// <summary>Photographs the descriptors of a packed ring, whoever works it.</summary>
internal static unsafe class PackedRingReader
{
    private const int PreviewBytes = 16;

    /// <summary>Chains that wait at a place, of at most so many descriptors.</summary>
    public static int CountAvailable(PackedRing ring, PackedPosition position, int most)
    {
        int chains = 0;
        for (int i = 0; i < most; i++)
        {
            PackedTail tail = ring.LoadTail(position.Offset);
            if ((tail.Raw & PackedTail.OwnerMask) != position.AvailableFlags) break;
            if ((tail.Flags & DescriptorFlags.Next) == 0) chains++;
            position = position.Plus(1, ring.Size);
        }
        return chains;
    }

    /// <param name="ring">The ring.</param>
    /// <param name="queue">Its index.</param>
    /// <param name="first">Where the next used descriptor belongs.</param>
    /// <param name="inFlight">Descriptors from there on that the device has, as far as this side knows.</param>
    /// <param name="translate">Finds buffers.</param>
    public static VringDescriptor[] Read(PackedRing ring, int queue, PackedPosition first, int inFlight, SplitRingReader.Translator translate)
    {
        var result = new VringDescriptor[ring.Size];
        PackedPosition position = first;
        int chain = -1;
        for (int i = 0; i < ring.Size; i++)
        {
            PackedTail tail = ring.LoadTail(position.Offset);
            bool available = (tail.Raw & PackedTail.OwnerMask) == position.AvailableFlags;
            string state = !available ? "Free" : i < inFlight ? "InFlight" : "Available";
            bool more = (tail.Flags & DescriptorFlags.Next) != 0;
            if (!available) chain = -1;
            else if (chain < 0) chain = position.Offset;
            result[position.Offset] = Describe(ring, queue, position.Offset, tail, translate) with
            {
                Next = more ? position.Plus(1, ring.Size).Offset : 0,
                Chain = chain,
                State = state,
            };
            if (!more) chain = -1;
            position = position.Plus(1, ring.Size);
        }
        return result;
    }

    private static VringDescriptor Describe(PackedRing ring, int queue, int slot, PackedTail tail, SplitRingReader.Translator translate)
    {
        ulong address = ring.LoadAddress(slot);
        uint shown = Math.Min(tail.Length, PreviewBytes);
        byte* buffer = shown == 0 ? null : translate(address, shown);
        return new VringDescriptor
        {
            Index = slot,
            Queue = queue,
            Address = address,
            Length = tail.Length,
            Flags = tail.Flags,
            Next = 0,
            Id = tail.Id,
            Chain = -1,
            State = "Free",
            Preview = buffer == null ? "" : Convert.ToHexStringLower(new ReadOnlySpan<byte>(buffer, (int)shown)),
        };
    }
}
