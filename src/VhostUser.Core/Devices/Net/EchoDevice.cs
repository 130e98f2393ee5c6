using System.Runtime.Intrinsics.X86;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Copies every transmitted packet into the receive ring of the same pair: one copy, straight between guest buffers.</summary>
internal sealed unsafe class EchoDevice : NetDevice
{
    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit || pair.MayStall && !HasReceiveBuffers(pair)) return false;
        Vring ring = pair.Transmit;
        int count = ring.Queue!.Take(ring.Burst, BurstSize);
        if (count == 0) return false;
        Chain* chains = ring.Burst.Chains;
        pair.Filler.Expect(count);
        // The packets were written by another core: ask for all their first lines at once rather than wait for each in turn.
        if (Sse.IsSupported)
        {
            for (int i = 0; i < count; i++) Sse.Prefetch0(ring.Burst.Segments[chains[i].FirstSegment].Address);
        }
        for (int i = 0; i < count; i++)
        {
            if (!TransmitReader.TryRead(ring.Burst, ref chains[i], pair.HeaderLength, out PacketView packet, out DropReason reason)
                || !IsPlain(ring, ref chains[i], pair.HeaderLength, ref reason))
            {
                ring.Counters.Drops.Add(reason);
                continue;
            }
            ring.Counters.Packets++;
            ring.Counters.Bytes += packet.Length;
            if (pair.CanReceive) pair.Filler.TryWrite(packet);
            else ring.Counters.Drops.Add(DropReason.ReceiveRingStopped);
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

    private static bool IsPlain(Vring ring, ref Chain chain, int headerLength, ref DropReason reason)
    {
        reason = DropReason.InvalidHeader;
        return TransmitReader.IsPlain(TransmitReader.ReadHeader(ring.Burst, ref chain, headerLength));
    }
}
