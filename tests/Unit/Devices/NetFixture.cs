using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;

namespace VhostUser.Tests.Devices;

/// <summary>
/// A queue pair of a network device in one shared region: driver rings as a front-end has them, and over a second mapping of the
/// same memory the vrings of a back-end. No sockets, no threads.
/// </summary>
internal sealed unsafe class NetFixture : IDisposable
{
    private readonly RingFeatures _features;

    public NetFixture(VirtioFeatures features = VirtioFeatures.Version1, int size = 8, long regionBytes = 4 << 20)
    {
        Region = SharedRegion.Create(new SharedRegionOptions { Name = "net", Size = regionBytes });
        Table.Add(MemoryRegion.Map(new() { GuestAddress = Region.GuestAddress, UserAddress = Region.UserAddress, Size = (ulong)Region.Size }, Region.File, 0));
        Space = new RegionSpace([Region]);
        _features = RingFeatures.From(features);
        ReceiveRing = DriverRing.Create(0, size, _features, Space);
        TransmitRing = DriverRing.Create(1, size, _features, Space);
        Buffers = Space.Allocate((ulong)regionBytes / 2, "buffers");
        Pair = new NetQueuePair(0, Vring(ReceiveRing), Vring(TransmitRing))
        {
            Features = features,
            HeaderLength = NetHeader.LengthFor(features),
            Mergeable = (features & VirtioFeatures.MrgRxbuf) != 0,
            CanReceive = true,
            CanTransmit = true,
        };
    }

    public SharedRegion Region { get; }

    public RegionSpace Space { get; }

    public MemoryTable Table { get; } = new();

    /// <summary>The driver's side of the receive ring.</summary>
    public DriverRing ReceiveRing { get; }

    /// <summary>The driver's side of the transmit ring.</summary>
    public DriverRing TransmitRing { get; }

    /// <summary>Half of the region, for packets.</summary>
    public RegionPiece Buffers { get; }

    /// <summary>The device's side.</summary>
    public NetQueuePair Pair { get; }

    public int HeaderLength => Pair.HeaderLength;

    /// <summary>Bytes of the buffer area, as the driver sees them.</summary>
    public Span<byte> Bytes(int offset, int length) => new Span<byte>(Buffers.Address, (int)Buffers.Length).Slice(offset, length);

    /// <summary>A buffer at an offset of the buffer area.</summary>
    public ChainBuffer Buffer(int offset, int length) => new(Buffers.GuestAddress + (ulong)offset, (uint)length);

    /// <summary>The raw areas of a driver's ring, for drivers that keep no rule.</summary>
    public SplitRing Raw(DriverRing ring)
    {
        byte* start = Table.TranslateUser(ring.DescriptorAddress, ring.Areas.TotalBytes);
        return new SplitRing(start + ring.Areas.Descriptors, start + ring.Areas.Available, start + ring.Areas.Used, ring.Areas.Size);
    }

    private PackedRing RawPacked(DriverRing ring)
    {
        byte* start = Table.TranslateUser(ring.DescriptorAddress, ring.Areas.TotalBytes);
        return new PackedRing(start + ring.Areas.Descriptors, start + ring.Areas.Available, start + ring.Areas.Used, ring.Areas.Size);
    }

    /// <summary>Posts a receive buffer made of pieces and returns its id.</summary>
    public ushort PostReceive(params ChainBuffer[] pieces) => Post(ReceiveRing, [], pieces);

    /// <summary>Makes a chain of readable pieces available on the transmit ring.</summary>
    public ushort PostTransmit(params ChainBuffer[] pieces) => Post(TransmitRing, pieces, []);

    public static ushort Post(DriverRing ring, ChainBuffer[] readable, ChainBuffer[] writable)
    {
        if (!ring.Queue.TryAdd(readable, writable, direct: true, out ushort id)) throw new InvalidOperationException("The ring is full.");
        ring.Queue.Publish();
        return id;
    }

    /// <summary>Takes back what the device used.</summary>
    public static UsedBuffer[] Reap(DriverRing ring)
    {
        var used = new UsedBuffer[ring.Queue.Size];
        return used[..ring.Queue.Reap(used)];
    }

    /// <summary>How often a packet was dropped at a ring for a reason.</summary>
    public static long Drops(Vring ring, DropReason reason)
    {
        var totals = new Dictionary<string, long>();
        ring.Counters.Drops.AddTo(totals);
        return totals.GetValueOrDefault(reason.ToString());
    }

    public void Dispose()
    {
        Pair.Receive.Dispose();
        Pair.Transmit.Dispose();
        ReceiveRing.Dispose();
        TransmitRing.Dispose();
        Table.Dispose();
        Region.Dispose();
    }

    private Vring Vring(DriverRing ring)
    {
        var vring = new Vring(ring.Index) { Size = ring.Areas.Size };
        vring.PrepareBurst();
        vring.Queue = _features.Packed ? new PackedDeviceQueue(RawPacked(ring), Table, _features, ring.Index, PackedPosition.Start)
            : new SplitDeviceQueue(Raw(ring), Table, _features, ring.Index, 0);
        vring.SetCall(ring.CallFd.Duplicate());
        return vring;
    }
}
