using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Rings;

/// <summary>
/// Puts a chain together from buffers that a walker found, whatever the layout: checks their order and sum, and translates their
/// addresses, of which one buffer may cross into the next region.
/// </summary>
internal unsafe ref struct ChainBuilder(MemoryTable memory, int queue, uint place, ChainBurst burst, int segment, MemoryTable.GuestRange range)
{
    private ulong _readable;
    private ulong _writable;

    /// <summary>Behind the last segment of the chain.</summary>
    public int NextSegment { get; private set; } = segment;

    /// <summary>The region hit last.</summary>
    public MemoryTable.GuestRange Range { get; private set; } = range;

    /// <summary>Adds a buffer; false when the burst has no room for its segments.</summary>
    /// <exception cref="VhostException">The chain breaks a rule of virtio 1.3 §2.7.4, §2.7.5.</exception>
    public bool TryAdd(ulong address, uint length, bool write, ref Chain chain)
    {
        if (!write && chain.WritableSegments > 0)
            throw RingException.Create(VhostError.DescriptorFlagsInvalid, queue,
                $"in the chain at descriptor {place} a readable buffer follows a writable one (virtio 1.3 §2.7.4.2).");
        if (!TryAddSegments(address, length, write, ref chain)) return false;
        if (write) _writable += length;
        else _readable += length;
        if (_readable + _writable > uint.MaxValue)
            throw RingException.Create(VhostError.ChainTooLong, queue, $"the chain at descriptor {place} describes 4 GiB or more (virtio 1.3 §2.7.5).");
        chain.ReadableBytes = (uint)_readable;
        chain.WritableBytes = (uint)_writable;
        return true;
    }

    private bool TryAddSegments(ulong start, uint length, bool write, ref Chain chain)
    {
        ulong address = start;
        ulong left = length;
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
                        $"a descriptor of the chain at {place} has guest address 0x{start:x}, {length} bytes; 0x{address:x} is outside: {memory.Describe(user: false)}.");
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
