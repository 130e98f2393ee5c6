using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using VhostUser.Rings.Vapp;

namespace VhostUser.Endpoints;

/// <summary>The rings of a client that talks to vapp's server: one region for each, laid out as vapp does, and ring 0 reversed.</summary>
public sealed partial class VhostClient
{
    /// <summary>Checks what vapp leaves no choice about, and fills in its buffer size.</summary>
    private static VhostClientOptions FitToVapp(VhostClientOptions options)
    {
        const string Remedy = "Create two regions (New-VhostSharedRegion vapp0 -Size 49MB; New-VhostSharedRegion vapp1 -Size 49MB), "
            + "then Connect-VhostClient … -Region vapp0, vapp1 -QueueSize 32768 -PeerProfile Vapp.";
        if (options.Device != ClientDevice.Net || options.QueuePairs != 1)
            throw new VhostException(VhostError.InvalidArgument, $"Client '{options.Name}': vapp has {VappLayout.RingCount} rings of one network device; {options.QueuePairs} queue pairs of a {options.Device} device were asked for.",
                options.Name, "Leave out -QueuePairs and -RingCount: vapp's server ends with an assertion on any other ring.");
        if (options.QueueSize != VappLayout.QueueSize)
            throw new VhostException(VhostError.RingSizeInvalid, $"Client '{options.Name}': QueueSize is {options.QueueSize}; vapp's rings have {VappLayout.QueueSize} descriptors.", options.Name, Remedy);
        if (options.Regions.Count < VappLayout.RingCount)
            throw new VhostException(VhostError.RegionTooSmall, $"Client '{options.Name}': {options.Regions.Count} region(s) were given; vapp has a region of {VappLayout.RegionSize:#,0} bytes for each of its {VappLayout.RingCount} rings.", options.Name, Remedy);
        foreach (SharedRegion region in options.Regions.Take(VappLayout.RingCount))
        {
            if (region.LargestFree < (ulong)VappLayout.RegionSize)
                throw new VhostException(VhostError.RegionTooSmall, $"Client '{options.Name}': region '{region.Name}' has {region.LargestFree:#,0} bytes free in one piece; a ring of vapp and its buffers need {VappLayout.RegionSize:#,0}.", options.Name, Remedy);
        }
        return options with { BufferSize = VappLayout.BufferSize };
    }

    private void CreateVappRings()
    {
        ReversedDriverQueue? answers = null;
        DriverRing receive = CreateVappRing(0, memory => answers = new ReversedDriverQueue(memory, 0), out RegionPiece receiveSlots);
        DriverRing transmit = CreateVappRing(1, memory => new BoundedDriverQueue(new SplitDriverQueue(memory, RingFeatures.From(0), 1, null), answers!), out RegionPiece transmitSlots);
        _receivers = [new NetReceiver(receive, receiveSlots, VappLayout.BufferSize, HeaderLength, mergeable: false) { Capture = Capture }, null];
        // vapp takes header and packet in one descriptor although it says nothing of ANY_LAYOUT.
        _transmitters =
        [
            null,
            new NetTransmitter(transmit, transmitSlots, VappLayout.BufferSize, HeaderLength, separateHeader: false)
            {
                PacketLimit = VappLayout.MaxChain - (uint)HeaderLength,
                ForeignChain = used => FinishRaw(transmit, used),
                Capture = Capture,
            },
        ];
    }

    private DriverRing CreateVappRing(int index, Func<SplitRing, DriverQueue> createQueue, out RegionPiece slots)
    {
        var space = new RegionSpace([_options.Regions[index]]);
        RingAreas areas = RingAreas.Vapp;
        var ring = DriverRing.Create(index, areas, space.Allocate(areas.TotalBytes, $"ring {index} of vapp"), createQueue, reversed: index == VappLayout.ReversedRing);
        _rings = [.. _rings, ring];
        slots = space.Allocate((ulong)VappLayout.QueueSize * VappLayout.BufferSize, $"the buffers of ring {index} of vapp");
        _buffers.Add(slots);
        return ring;
    }
}
