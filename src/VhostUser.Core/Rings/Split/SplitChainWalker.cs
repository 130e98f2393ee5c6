using System.Runtime.Intrinsics;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Rings.Split;

/// <summary>
/// Follows a chain that is not one plain descriptor: NEXT links, an indirect table, buffers that cross regions.
/// Every descriptor is copied once and the copy is checked; the walk ends after as many descriptors as the ring has.
/// </summary>
internal unsafe ref struct SplitChainWalker(
    SplitRing ring, MemoryTable memory, RingFeatures features, int queue, ChainBurst burst, int segment, MemoryTable.GuestRange range)
{
    public int NextSegment { get; private set; } = segment;

    public MemoryTable.GuestRange Range { get; private set; } = range;

    /// <summary>Fills the chain; false when the burst has no room for all of its segments.</summary>
    /// <exception cref="VhostException">The chain breaks a rule of virtio 1.3 §2.7.5.</exception>
    public bool TryWalk(uint head, ref Chain chain)
    {
        chain = new Chain { FirstSegment = NextSegment, Head = (ushort)head };
        SplitDescriptor* table = ring.Descriptors;
        uint tableSize = (uint)ring.Size;
        bool indirect = false;
        ulong readable = 0, writable = 0;
        uint index = head;
        for (uint visited = 0; ; visited++)
        {
            if (visited >= tableSize)
                throw RingException.Create(VhostError.DescriptorLoop, queue, $"the chain at descriptor {head} is longer than {(indirect ? "its indirect table" : "the ring")} of {tableSize}: it loops.");
            SplitDescriptor descriptor = Load(table + index);
            if ((descriptor.Flags & DescriptorFlags.Indirect) != 0)
            {
                OpenTable(descriptor, head, indirect, out table, out tableSize);
                indirect = true;
                index = 0;
                visited = uint.MaxValue; // the table counts from zero
                continue;
            }
            bool write = (descriptor.Flags & DescriptorFlags.Write) != 0;
            if (!write && writable + chain.WritableSegments > 0)
                throw RingException.Create(VhostError.DescriptorFlagsInvalid, queue,
                    $"in the chain at descriptor {head} a readable buffer follows a writable one (virtio 1.3 §2.7.4.2).");
            if (!TryAdd(descriptor, write, ref chain)) return false;
            if (write) writable += descriptor.Length;
            else readable += descriptor.Length;
            if (readable + writable > uint.MaxValue)
                throw RingException.Create(VhostError.ChainTooLong, queue, $"the chain at descriptor {head} describes 4 GiB or more (virtio 1.3 §2.7.5).");
            if ((descriptor.Flags & DescriptorFlags.Next) == 0) break;
            index = descriptor.Next;
            if (index >= tableSize)
                throw RingException.Create(VhostError.DescriptorIndexInvalid, queue, $"the chain at descriptor {head} goes on at {index}; the {(indirect ? "indirect table" : "ring")} has {tableSize}.");
        }
        chain.ReadableBytes = (uint)readable;
        chain.WritableBytes = (uint)writable;
        return true;
    }

    private static SplitDescriptor Load(SplitDescriptor* source)
    {
        // As one load: the compiler must not read a field again later.
        Vector128<byte> copy = Vector128.Load((byte*)source);
        return *(SplitDescriptor*)&copy;
    }

    private readonly void OpenTable(in SplitDescriptor descriptor, uint head, bool nested, out SplitDescriptor* table, out uint size)
    {
        if (!features.Indirect)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} came although VIRTIO_F_INDIRECT_DESC was not negotiated.");
        if (nested)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} is inside another table (virtio 1.3 §2.7.5.3.1).");
        if ((descriptor.Flags & DescriptorFlags.Next) != 0)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} has NEXT set (virtio 1.3 §2.7.5.3.1).");
        if (descriptor.Length == 0 || descriptor.Length % 16 != 0 || descriptor.Length / 16 > (uint)ring.Size)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue, $"{Place(head)} has a table of {descriptor.Length} bytes; expected a multiple of 16, from 16 to {16 * ring.Size}.");
        table = (SplitDescriptor*)memory.TranslateGuest(descriptor.Address, descriptor.Length);
        if (table == null)
            throw RingException.Create(VhostError.IndirectTableInvalid, queue,
                $"{Place(head)} has its table at guest address 0x{descriptor.Address:x}, {descriptor.Length} bytes, which is not inside one region; {memory.Describe(user: false)}.");
        size = descriptor.Length / 16;

        static string Place(uint head) => $"the indirect descriptor of the chain at {head}";
    }

    private bool TryAdd(in SplitDescriptor descriptor, bool write, ref Chain chain)
    {
        ulong address = descriptor.Address;
        ulong left = descriptor.Length;
        do
        {
            if (NextSegment == burst.SegmentCapacity) return false;
            ulong offset = address - Range.Start;
            byte* pointer;
            ulong covered;
            if (offset < Range.Size && left <= Range.Size - offset)
            {
                pointer = Range.Address + offset;
                covered = left;
            }
            else
            {
                pointer = memory.TranslateGuestPrefix(address, left, out MemoryTable.GuestRange hit, out covered, write ? IotlbPermission.Write : IotlbPermission.Read);
                Range = hit;
                if (pointer == null)
                    throw RingException.Create(VhostError.DescriptorAddressInvalid, queue,
                        $"a descriptor of the chain at {chain.Head} has guest address 0x{descriptor.Address:x}, {descriptor.Length} bytes; 0x{address:x} is outside: {memory.Describe(user: false)}.");
            }
            burst.Segments[NextSegment++] = new Segment(pointer, (uint)covered);
            if (write) chain.WritableSegments++;
            else chain.ReadableSegments++;
            address += covered;
            left -= covered;
        }
        while (left > 0);
        return true;
    }
}
