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
        var builder = new ChainBuilder(memory, queue, head, burst, NextSegment, Range);
        SplitDescriptor* table = ring.Descriptors;
        uint tableSize = (uint)ring.Size;
        bool indirect = false;
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
            if (!builder.TryAdd(descriptor.Address, descriptor.Length, (descriptor.Flags & DescriptorFlags.Write) != 0, ref chain)) return false;
            if ((descriptor.Flags & DescriptorFlags.Next) == 0) break;
            index = descriptor.Next;
            if (index >= tableSize)
                throw RingException.Create(VhostError.DescriptorIndexInvalid, queue, $"the chain at descriptor {head} goes on at {index}; the {(indirect ? "indirect table" : "ring")} has {tableSize}.");
        }
        NextSegment = builder.NextSegment;
        Range = builder.Range;
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
}
