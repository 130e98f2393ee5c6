using VhostUser.Memory;

namespace VhostUser.Rings.Packed;

/// <summary>
/// Follows a chain that is not one plain descriptor: NEXT, which in a packed ring means the next place, an indirect table, buffers
/// that cross regions. Every descriptor is read once and the copy is checked.
/// </summary>
internal unsafe ref struct PackedChainWalker(
    PackedRing ring, MemoryTable memory, RingFeatures features, int queue, ChainBurst burst, int segment, MemoryTable.GuestRange range)
{
    public int NextSegment { get; private set; } = segment;

    public MemoryTable.GuestRange Range { get; private set; } = range;

    /// <summary>Fills the chain that starts at a descriptor found available; false when the burst has no room for all of its segments.</summary>
    /// <param name="head">Where it starts.</param>
    /// <param name="tail">The second half of the first descriptor, as read when it was found available.</param>
    /// <param name="room">Descriptors of the ring that the driver can have made available.</param>
    /// <param name="chain">The chain.</param>
    /// <exception cref="VhostException">The chain breaks a rule of virtio 1.3 §2.8.</exception>
    public bool TryWalk(PackedPosition head, PackedTail tail, int room, ref Chain chain)
    {
        chain = new Chain { FirstSegment = NextSegment };
        var builder = new ChainBuilder(memory, queue, (uint)head.Offset, burst, NextSegment, Range);
        PackedPosition position = head;
        for (int count = 1; ; count++)
        {
            bool more = (tail.Flags & DescriptorFlags.Next) != 0;
            ulong address = ring.LoadAddress(position.Offset);
            if ((tail.Flags & DescriptorFlags.Indirect) != 0)
            {
                CheckIndirect(head, more || count > 1);
                if (!TryAddTable(head, address, tail.Length, ref builder, ref chain)) return false;
            }
            else if (!builder.TryAdd(address, tail.Length, (tail.Flags & DescriptorFlags.Write) != 0, ref chain))
            {
                return false;
            }
            if (!more)
            {
                // The id stands in the last descriptor (virtio 1.3 §2.8.6).
                if (tail.Id >= ring.Size)
                    throw RingException.Create(VhostError.DescriptorIndexInvalid, queue, $"the chain at descriptor {head.Offset} has buffer id {tail.Id}; the ring has {ring.Size}.");
                chain.Head = tail.Id;
                chain.Descriptors = (ushort)count;
                break;
            }
            if (count >= room)
                throw RingException.Create(VhostError.DescriptorLoop, queue, $"the chain at descriptor {head.Offset} has no end: the driver can have made {room} of {ring.Size} descriptors available.");
            position = position.Plus(1, ring.Size);
            tail = ring.LoadTail(position.Offset);
            if ((tail.Raw & PackedTail.OwnerMask) != position.AvailableFlags)
                throw RingException.Create(VhostError.DescriptorFlagsInvalid, queue,
                    $"the chain at descriptor {head.Offset} goes on at {position.Offset}, whose AVAIL and USED flags (0x{(ushort)tail.Flags:x4}) do not make it available with wrap counter {(position.Wrap ? 1 : 0)} (virtio 1.3 §2.8.1).");
        }
        NextSegment = builder.NextSegment;
        Range = builder.Range;
        return true;
    }

    // Of a table's descriptors only address, length and WRITE count; ids and other flags are reserved (virtio 1.3 §2.8.7).
    private readonly bool TryAddTable(PackedPosition head, ulong address, uint length, ref ChainBuilder builder, ref Chain chain)
    {
        if (length == 0 || length % 16 != 0 || length / 16 > (uint)ring.Size)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} has a table of {length} bytes; expected a multiple of 16, from 16 to {16 * ring.Size}.");
        var table = (PackedDescriptor*)memory.TranslateGuest(address, length);
        if (table == null)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue,
                $"{Place(head)} has its table at guest address 0x{address:x}, {length} bytes, which is not inside one region; {memory.Describe(user: false)}.");
        for (uint i = 0; i < length / 16; i++)
        {
            var tail = new PackedTail(Volatile.Read(ref table[i].Tail));
            if ((tail.Flags & DescriptorFlags.Indirect) != 0)
                throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} has another table inside its own (virtio 1.3 §2.8.7).");
            if (!builder.TryAdd(Volatile.Read(ref table[i].Address), tail.Length, (tail.Flags & DescriptorFlags.Write) != 0, ref chain)) return false;
        }
        return true;
    }

    private readonly void CheckIndirect(PackedPosition head, bool linked)
    {
        if (!features.Indirect)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} came although VIRTIO_F_INDIRECT_DESC was not negotiated.");
        if (linked)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} is linked to others with NEXT (virtio 1.3 §2.8.7).");
    }

    private static string Place(PackedPosition head) => $"the indirect descriptor of the chain at {head.Offset}";
}
