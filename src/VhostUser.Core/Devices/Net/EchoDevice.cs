using System.Runtime.Intrinsics.X86;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Copies every transmitted packet into the receive ring of the same pair: one copy, straight between
/// guest buffers. What the guest left to do comes back to it if it takes that, and else finished.
/// </summary>
internal sealed unsafe class EchoDevice : NetDevice
{
    private readonly PacketForwarder _forwarder = new();

    public override string Silence => "no packet came that could go back";

    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit || pair.MayStall && !HasReceiveBuffers(pair)) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        Chain* chains = ring.Burst.Chains;
        Memory.Segment* segments = ring.Burst.Segments;
        pair.Filler.Expect(count);
        // The packets were written by another core: ask for their first lines all at once rather than wait for each in turn. Behind its
        // header the smallest packet reaches into a second line.
        if (Sse.IsSupported)
        {
            for (int i = 0; i < count; i++)
            {
                byte* start = segments[chains[i].FirstSegment].Address;
                Sse.Prefetch0(start);
                Sse.Prefetch0(start + 64);
            }
        }
        uint headerLength = (uint)pair.HeaderLength;
        bool open = pair.CanReceive && pair.Filler.HasBuffer;
        for (int i = 0; i < count; i++)
        {
            if (open && TransmitReader.TryTakePlain(chains + i, segments, headerLength, out byte* data, out uint length) && pair.Filler.TryWritePlain(data, length))
            {
                ring.Counters.Packets++;
                ring.Counters.Bytes += length;
                continue;
            }
            DropReason? reason = Echo(pair, ref chains[i]);
            if (reason is not null) ring.Counters.Drops.Add(reason.Value);
        }
        if (pair.CanReceive) pair.Filler.Flush();
        ReturnTransmitted(ring, count);
        return true;
    }

    /// <summary>Behind an IOMMU: whether the receive buffers' addresses are known. A packet taken before would have nowhere to go.</summary>
    private static bool HasReceiveBuffers(NetQueuePair pair)
    {
        if (!pair.CanReceive) return !pair.Receive.WasEnabled;
        pair.Filler.Expect(BurstSize);
        bool known = pair.Filler.HasBuffer || pair.Receive.Queue!.HasAvailable() is false && pair.Receive.Queue.Verdict is null;
        pair.Filler.Flush();
        return known;
    }

    /// <summary>Sends one packet back; the reason when it is dropped at the transmit ring.</summary>
    private DropReason? Echo(NetQueuePair pair, ref Chain chain)
    {
        Vring ring = pair.Transmit;
        if (!TransmitReader.TryRead(ring.Burst, ref chain, pair.HeaderLength, out PacketView packet, out DropReason reason)) return reason;
        if (!TransmitReader.TryReadHeader(ring.Burst, ref chain, pair, packet.Length, out NetHeader header, ref reason)) return reason;
        ring.Counters.Packets++;
        ring.Counters.Bytes += packet.Length;
        if (!pair.CanReceive) return DropReason.ReceiveRingStopped;
        return _forwarder.TryForward(pair, packet, header, out reason) ? null : reason;
    }
}
