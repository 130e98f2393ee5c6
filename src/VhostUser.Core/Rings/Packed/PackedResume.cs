namespace VhostUser.Rings.Packed;

/// <summary>
/// Finds where to go on in a packed ring that another back-end, perhaps one that was killed, served before. A split ring says it
/// in used.idx. A packed one has no such index, and the front-end may not know either: QEMU repeats the base of long ago.
///
/// So this device writes down where it is, in places that a driver does not read. With every burst that it returns
/// (<see cref="PackedUsedBurst"/>) it puts, in this order,
///  1. a mark with the chain's length into the address of the first descriptor, which still looks available;
///  2. the other used descriptors, each with such a mark: the driver waits at the first and does not see them;
///  3. a mark into the address of the last descriptor, if that is not a used one, and the place behind the burst into off_wrap of
///     its event suppression area, which means something to the driver only together with the flag DESC, and is then the
///     same place anyway;
///  4. the flags of the first: now the driver sees the burst.
/// Killed before 1 or after 4 it left the exact place in off_wrap. Killed between, there is one descriptor that looks available
/// and has a mark: its burst is completed here, up to where the marks go, as used and with nothing written; the packets in it were
/// handled, and of receive buffers the driver drops the empty ones. No chain is lost and none is used twice.
///
/// A ring without marks is full, so that both sides are at the same place, or such a device never served it; then the front-end's
/// base goes first. What is believed must fit what the AVAIL flags say of the driver's place; when nothing fits, the last
/// descriptor that looks used is as good as it gets.
/// </summary>
internal static class PackedResume
{
    /// <param name="ring">The ring; its driver may be adding to it meanwhile.</param>
    /// <param name="vringBase">What SET_VRING_BASE said; its bits 0-15 count.</param>
    public static PackedPosition Find(PackedRing ring, uint vringBase)
    {
        bool marked = false, allAvailable = true;
        for (int slot = 0; slot < ring.Size; slot++)
        {
            PackedTail tail = ring.LoadTail(slot);
            ulong address = ring.LoadAddress(slot);
            int descriptors = UsedMark.Read(address, ring.Size);
            bool used = tail.AvailableBit == tail.UsedBit;
            if (descriptors > 0 && !used) return Complete(ring, new PackedPosition(slot, tail.AvailableBit), descriptors);
            marked |= UsedMark.IsMark(address);
            allAvailable &= !used;
        }
        EventSuppression noted = ring.LoadDeviceEvent();
        PackedPosition given = PackedPosition.FromBits(vringBase);
        if (allAvailable && !marked)
        {
            // A full ring, where the next descriptor of both sides is the same: this one or none.
            if (CountWaiting(ring, noted.Position) == ring.Size) return noted.Position;
            if (CountWaiting(ring, given) == ring.Size) return given;
        }
        // In a ring that is not full, what this device used last still has its mark.
        PackedPosition first = marked ? noted.Position : given;
        if (CountWaiting(ring, first) >= 0) return first;
        PackedPosition second = marked ? given : noted.Position;
        return CountWaiting(ring, second) >= 0 ? second : Scan(ring);
    }

    /// <summary>Whether a device may be here: the driver's descriptors say that it was just before and not far behind.</summary>
    public static bool Fits(PackedRing ring, PackedPosition place) => CountWaiting(ring, place) >= 0;

    private static PackedPosition Complete(PackedRing ring, PackedPosition start, int descriptors)
    {
        PackedPosition end = start.Plus(descriptors, ring.Size);
        int total = descriptors, last = descriptors;
        while (total < ring.Size)
        {
            PackedTail tail = ring.LoadTail(end.Offset);
            int more = UsedMark.Read(ring.LoadAddress(end.Offset), ring.Size);
            if (more == 0 || (tail.Raw & PackedTail.OwnerMask) != end.UsedFlags) break;
            ring.StoreTail(end.Offset, new PackedTail((ulong)tail.Id << 32 | end.UsedFlags));
            end = end.Plus(more, ring.Size);
            total += more;
            last = more;
        }
        if (last > 1) ring.StoreAddress(end.Before(ring.Size).Offset, UsedMark.End);
        ushort id = ring.LoadTail(start.Plus(descriptors - 1, ring.Size).Offset).Id;
        ring.StoreTail(start.Offset, new PackedTail((ulong)id << 32 | start.UsedFlags));
        return end;
    }

    /// <summary>How many descriptors wait if the device is here; -1 when it can't be here.</summary>
    private static int CountWaiting(PackedRing ring, PackedPosition start)
    {
        if (start.Offset >= ring.Size) return -1;
        PackedPosition position = start;
        bool chained = false;
        int count = 0;
        while (count < ring.Size)
        {
            PackedTail tail = ring.LoadTail(position.Offset);
            if (tail.AvailableBit != position.Wrap) break; // the driver has not come here in this lap
            if (tail.UsedBit == position.Wrap) return -1;  // used in this lap: the device was further on
            chained = (tail.Flags & DescriptorFlags.Next) != 0;
            position = position.Plus(1, ring.Size);
            count++;
        }
        if (chained) return -1;
        // The driver must have been just before, unless it is there again, a lap ahead.
        PackedPosition before = start.Before(ring.Size);
        return count == ring.Size || ring.LoadTail(before.Offset).AvailableBit == before.Wrap ? count : -1;
    }

    /// <summary>The place behind the last descriptor that looks used, in the order in which the driver made them available.</summary>
    private static PackedPosition Scan(PackedRing ring)
    {
        // The driver's place is where its wrap counter in the AVAIL flags changes; what comes there is the oldest.
        bool wrap = ring.LoadTail(0).AvailableBit;
        int boundary = 1;
        while (boundary < ring.Size && ring.LoadTail(boundary).AvailableBit == wrap) boundary++;
        PackedPosition oldest = boundary == ring.Size ? new PackedPosition(0, wrap) : new PackedPosition(boundary, !wrap);
        PackedPosition position = oldest, found = oldest;
        for (int i = 0; i < ring.Size; i++)
        {
            PackedTail tail = ring.LoadTail(position.Offset);
            if ((tail.Raw & PackedTail.OwnerMask) == position.UsedFlags)
                found = position.Plus(Math.Max(1, UsedMark.Read(ring.LoadAddress(position.Offset), ring.Size)), ring.Size);
            position = position.Plus(1, ring.Size);
        }
        return found;
    }
}
