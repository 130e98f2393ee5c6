using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>
/// A split ring in guest memory of its own with room for buffers behind it. A test makes either side's queue on it, or acts as
/// a driver or device that keeps no rule, by writing descriptors, entries and indices by hand.
/// </summary>
internal sealed unsafe class TestRing : IDisposable
{
    public const ulong Guest = 0x4000_0000;
    public const ulong User = 0x7f00_0000_0000;

    private ushort _available;
    private ushort _used;

    /// <param name="size">Number of descriptors.</param>
    /// <param name="bufferBytes">Bytes for buffers behind the ring.</param>
    public TestRing(int size, ulong bufferBytes = 1 << 20)
    {
        Areas = RingAreas.Standard(size);
        Buffers = Guest + Areas.TotalBytes;
        End = Buffers + bufferBytes;
        Memory = new GuestMemory((Guest, User, End - Guest));
        byte* start = Memory.Table.TranslateUser(User, Areas.TotalBytes);
        Ring = new SplitRing(start + Areas.Descriptors, start + Areas.Available, start + Areas.Used, size);
        Burst = new ChainBurst(size);
    }

    public GuestMemory Memory { get; }

    public RingAreas Areas { get; }

    /// <summary>The areas as raw memory: both sides and the test see the same bytes.</summary>
    public SplitRing Ring { get; }

    public ChainBurst Burst { get; }

    /// <summary>Guest-physical address of the first byte behind the ring.</summary>
    public ulong Buffers { get; }

    /// <summary>Guest-physical address behind the last byte.</summary>
    public ulong End { get; }

    public static RingFeatures Features(bool eventIdx = false, bool indirect = true, bool inOrder = false) => new(eventIdx, indirect, inOrder);

    /// <summary>The device's side.</summary>
    public SplitDeviceQueue Device(RingFeatures? features = null, ushort start = 0) => new(Ring, Memory.Table, features ?? Features(), 0, start);

    /// <summary>The driver's side, chaining in the ring.</summary>
    public SplitDriverQueue Driver(RingFeatures? features = null) => new(Ring, features ?? Features(), 0, null);

    /// <summary>Starts both indices of the ring elsewhere than at 0, before a queue is made on it.</summary>
    public TestRing StartAt(ushort index)
    {
        _available = _used = index;
        Ring.StoreAvailableIndex(index);
        Ring.StoreUsedIndex(index);
        return this;
    }

    /// <summary>Writes a descriptor.</summary>
    public TestRing Write(int index, ulong address, uint length, DescriptorFlags flags = 0, int next = 0)
    {
        Ring.Descriptors[index] = new SplitDescriptor { Address = address, Length = length, Flags = flags, Next = (ushort)next };
        return this;
    }

    /// <summary>Writes a descriptor of a table that lies in guest memory.</summary>
    public TestRing WriteTable(ulong table, int index, ulong address, uint length, DescriptorFlags flags = 0, int next = 0)
    {
        ((SplitDescriptor*)Memory.At(table))[index] = new SplitDescriptor { Address = address, Length = length, Flags = flags, Next = (ushort)next };
        return this;
    }

    /// <summary>Makes heads available, as a driver would.</summary>
    public TestRing Offer(params int[] heads)
    {
        foreach (int head in heads) Ring.AvailableRing[_available++ & (Ring.Size - 1)] = (ushort)head;
        Ring.StoreAvailableIndex(_available);
        return this;
    }

    /// <summary>Returns a head, as a device would.</summary>
    public TestRing Complete(uint id, uint written = 0)
    {
        Ring.UsedRing[_used++ & (Ring.Size - 1)] = id | (ulong)written << 32;
        Ring.StoreUsedIndex(_used);
        return this;
    }

    /// <summary>Takes what is available and asserts that it is refused with this error, and with a text that names the ring.</summary>
    public VhostException Refuses(VhostError error, RingFeatures? features = null)
    {
        SplitDeviceQueue device = Device(features, Ring.LoadUsedIndex());
        var thrown = Assert.Throws<VhostException>(() => device.Take(Burst, 64));
        Assert.Equal(error, thrown.Error);
        Assert.StartsWith("Ring 0: ", thrown.Message);
        Assert.False(string.IsNullOrEmpty(thrown.RecommendedAction));
        return thrown;
    }

    /// <summary>The pieces of a taken chain as (guest-physical address, length).</summary>
    public (ulong Guest, uint Length)[] Pieces(int chain)
    {
        Chain c = Burst.Chains[chain];
        var pieces = new (ulong, uint)[c.ReadableSegments + c.WritableSegments];
        for (int i = 0; i < pieces.Length; i++)
        {
            Segment segment = Burst.Segments[c.FirstSegment + i];
            pieces[i] = (GuestOf(segment.Address), segment.Length);
        }
        return pieces;
    }

    /// <summary>The guest-physical address of a byte in this process; it must be inside a region.</summary>
    public ulong GuestOf(byte* pointer)
    {
        foreach (MemoryRegion region in Memory.Table.Regions)
        {
            ulong offset = (ulong)(pointer - region.Address);
            if (offset < region.Description.Size) return region.Description.GuestAddress + offset;
        }
        throw new InvalidOperationException("A piece lies outside every region.");
    }

    public void Dispose()
    {
        Burst.Dispose();
        Memory.Dispose();
    }
}
