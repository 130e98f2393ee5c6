using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;
using VhostUser.Rings.Vapp;

namespace VhostUser.Endpoints;

/// <summary>Split or packed: where a ring's areas are, and the queue that works on them.</summary>
internal sealed unsafe partial class BackEnd
{
    /// <summary>The layout that was negotiated; until SET_FEATURES came, the one with the wider rules, and a ring is checked again when it starts.</summary>
    private RingLayout Layout => new(((_featuresSet ? Features : _options.Features) & VirtioFeatures.RingPacked) != 0);

    private DeviceQueue CreateSplitQueue(Vring ring)
    {
        byte*[] areas = Translate(ring);
        var memory = new SplitRing(areas[0], areas[1], areas[2], ring.Size);
        // A back-end that died left used.idx where it got to: go on there, or descriptors are lost or returned twice.
        ushort used = memory.LoadUsedIndex();
        ring.ResumedInFlight = (ushort)(ring.Base - used);
        ring.Base = used;
        if (ring.IsReversed) return new ReversedDeviceQueue(memory, _memory, ring.Index);
        var queue = new SplitDeviceQueue(memory, _memory, RingFeatures.From(Features), ring.Index, used);
        if (SplitInflightOf(ring) is SplitInflight inflight) queue.Resume(inflight);
        return _options.Profile == PeerProfile.Vapp ? new WrapGuardQueue(queue, ring.Index, used) : queue;
    }

    private PackedDeviceQueue CreatePackedQueue(Vring ring)
    {
        byte*[] areas = Translate(ring);
        var memory = new PackedRing(areas[0], areas[1], areas[2], ring.Size);
        PackedInflight? inflight = PackedInflightOf(ring);
        // No index tells where a back-end that died got to: its record does, or else see PackedResume.
        (PackedPosition start, ring.ResumedInFlight) = inflight is { IsNew: false } ? inflight.Recover(memory) : (PackedResume.Find(memory, ring.Base), 0);
        if (inflight is { IsNew: true }) inflight.Begin(start);
        return new PackedDeviceQueue(memory, _memory, RingFeatures.From(Features), ring.Index, start) { Inflight = inflight };
    }

    private void CheckPlace(Vring ring)
    {
        if (WhyMisplaced(ring) is VhostException error) throw error;
    }

    /// <summary>What is wrong with the addresses of a ring whose size is known, or null.</summary>
    private VhostException? WhyMisplaced(Vring ring)
    {
        string target = $"ring {ring.Index}";
        ulong[] addresses = AddressesOf(ring);
        (string Name, int Alignment, ulong Bytes)[] areas = Layout.Areas(ring.Size);
        if (_options.Profile == PeerProfile.Vapp) areas[0].Alignment = 8;
        for (int i = 0; i < areas.Length; i++)
        {
            (string name, int alignment, ulong bytes) = areas[i];
            if (addresses[i] % (ulong)alignment != 0)
                return new VhostException(VhostError.RingAddressInvalid,
                    $"SET_VRING_ADDR: the {name} of ring {ring.Index} is at user address 0x{addresses[i]:x}, which is not a multiple of {alignment} (virtio 1.3 {(Layout.Packed ? "§2.8" : "§2.7")}).",
                    target, "Align the ring's areas at the front-end; whole pages are best.");
            if (TranslateArea(addresses[i], bytes, Writes(i)) == null)
                return WhyNoIova(ring, name, addresses[i], bytes) ?? new VhostException(VhostError.RingAddressInvalid,
                    $"SET_VRING_ADDR: the {name} of ring {ring.Index}, {bytes} bytes at user address 0x{addresses[i]:x}, is not inside one region; {_memory.Describe(user: true)}.",
                    target, "Ring addresses are front-end user addresses, not guest-physical ones.");
        }
        return null;
    }

    private byte*[] Translate(Vring ring)
    {
        CheckPlace(ring);
        ulong[] addresses = AddressesOf(ring);
        (string Name, int Alignment, ulong Bytes)[] areas = Layout.Areas(ring.Size);
        return [TranslateArea(addresses[0], areas[0].Bytes, Writes(0)), TranslateArea(addresses[1], areas[1].Bytes), TranslateArea(addresses[2], areas[2].Bytes, Writes(2))];
    }

    /// <summary>Whether the device writes an area: the used ring or event area, and the descriptors of a packed ring.</summary>
    private bool Writes(int area) => area == 2 || area == 0 && Layout.Packed;

    private static ulong[] AddressesOf(Vring ring)
    {
        VringAddressPayload address = ring.Addresses!.Value;
        return [address.Descriptors, address.Available, address.Used];
    }
}
