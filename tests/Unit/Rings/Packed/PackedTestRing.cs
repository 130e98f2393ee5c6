using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>
/// A packed ring in guest memory of its own with room for buffers behind it. A test makes either side's queue on it, or acts as a
/// driver or device that keeps no rule, by writing descriptors by hand.
/// </summary>
internal sealed unsafe class PackedTestRing : IDisposable
{
    public const ulong Guest = 0x4000_0000;
    public const ulong User = 0x7f00_0000_0000;

    /// <param name="size">Number of descriptors.</param>
    /// <param name="bufferBytes">Bytes for buffers behind the ring.</param>
    public PackedTestRing(int size, ulong bufferBytes = 1 << 16)
    {
        RingAreas areas = RingAreas.Standard(size, packed: true);
        Buffers = Guest + areas.TotalBytes;
        End = Buffers + bufferBytes;
        Memory = new GuestMemory((Guest, User, End - Guest));
        byte* start = Memory.Table.TranslateUser(User, areas.TotalBytes);
        Ring = new PackedRing(start + areas.Descriptors, start + areas.Available, start + areas.Used, size);
        Burst = new ChainBurst(size);
    }

    public GuestMemory Memory { get; }

    /// <summary>The areas as raw memory: both sides and the test see the same bytes.</summary>
    public PackedRing Ring { get; }

    public ChainBurst Burst { get; }

    /// <summary>Guest-physical address of the first byte behind the ring.</summary>
    public ulong Buffers { get; }

    /// <summary>Guest-physical address behind the last byte.</summary>
    public ulong End { get; }

    public static RingFeatures Features(bool eventIdx = false, bool indirect = true, bool inOrder = false) => new(eventIdx, indirect, inOrder, Packed: true);

    /// <summary>The device's side.</summary>
    public PackedDeviceQueue Device(RingFeatures? features = null, PackedPosition? start = null, PackedInflight? inflight = null) =>
        new(Ring, Memory.Table, features ?? Features(), 0, start ?? PackedPosition.Start) { Inflight = inflight };

    /// <summary>The driver's side, chaining in the ring.</summary>
    public PackedDriverQueue Driver(RingFeatures? features = null) => new(Ring, features ?? Features(), 0, null);

    /// <summary>Writes a descriptor as it stands, owner flags and all.</summary>
    public PackedTestRing Write(int slot, ulong address, uint length, ushort id, DescriptorFlags flags)
    {
        Ring.Descriptors[slot].Address = address;
        Ring.StoreTail(slot, new PackedTail(length, id, flags));
        return this;
    }

    /// <summary>Writes a descriptor that is available in the first lap.</summary>
    public PackedTestRing Offer(int slot, ulong address, uint length, int id, DescriptorFlags flags = 0) =>
        Write(slot, address, length, (ushort)id, flags | DescriptorFlags.Available);

    /// <summary>Writes a descriptor of a table that lies in guest memory.</summary>
    public PackedTestRing WriteTable(ulong table, int index, ulong address, uint length, ushort id = 0, DescriptorFlags flags = 0)
    {
        ((PackedDescriptor*)Memory.At(table))[index] = new PackedDescriptor { Address = address, Tail = new PackedTail(length, id, flags).Raw };
        return this;
    }

    /// <summary>Takes what is available and asserts that it is refused with this error, and with a text that names the ring.</summary>
    public VhostException Refuses(VhostError error, RingFeatures? features = null, PackedPosition? start = null)
    {
        PackedDeviceQueue device = Device(features, start);
        var thrown = Assert.Throws<VhostException>(() => device.Take(Burst, 64));
        Assert.Equal(error, thrown.Error);
        Assert.StartsWith("Ring 0: ", thrown.Message);
        Assert.False(string.IsNullOrEmpty(thrown.RecommendedAction));
        return thrown;
    }

    public void Dispose()
    {
        Burst.Dispose();
        Memory.Dispose();
    }
}
