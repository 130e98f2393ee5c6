using System.Runtime.Intrinsics.X86;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Counts packets and returns them; what their headers leave to the device it drops with them.</summary>
internal sealed unsafe class SinkDevice : NetDevice
{
    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = ring.Queue!.Take(ring.Burst, BurstSize);
        if (count == 0) return false;
        Chain* chains = ring.Burst.Chains;
        int good = 0;
        ulong bytes = 0;
        // The headers were written by another core: ask for all of them at once.
        if (Sse.IsSupported)
        {
            for (int i = 0; i < count; i++) Sse.Prefetch0(ring.Burst.Segments[chains[i].FirstSegment].Address);
        }
        for (int i = 0; i < count; i++)
        {
            if (TransmitReader.TryRead(ring.Burst, ref chains[i], pair.HeaderLength, out PacketView packet, out DropReason reason)
                && TransmitReader.TryReadHeader(ring.Burst, ref chains[i], pair, packet.Length, out _, ref reason))
            {
                good++;
                bytes += packet.Length;
            }
            else
            {
                ring.Counters.Drops.Add(reason);
            }
        }
        ring.Counters.Packets += good;
        ring.Counters.Bytes += (long)bytes;
        ReturnTransmitted(ring, count);
        return true;
    }
}
