using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Counts packets and returns them.</summary>
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
        for (int i = 0; i < count; i++)
        {
            if (TransmitReader.TryRead(ring.Burst, ref chains[i], pair.HeaderLength, out PacketView packet, out DropReason reason))
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
