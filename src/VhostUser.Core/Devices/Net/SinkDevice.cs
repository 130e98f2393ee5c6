using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Counts packets and returns them, unread: a packet's lines would have to cross from the guest's core for nothing. The header of the
/// first in each burst is looked at, which is enough to notice a guest that uses another header or asks for what was not negotiated.
/// </summary>
internal sealed unsafe class SinkDevice : NetDevice
{
    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        Chain* chains = ring.Burst.Chains;
        int good = 0;
        ulong bytes = 0;
        for (int i = 0; i < count; i++)
        {
            if (TransmitReader.TryRead(ring.Burst, ref chains[i], pair.HeaderLength, out PacketView packet, out DropReason reason)
                && (i > 0 || TransmitReader.TryReadHeader(ring.Burst, ref chains[i], pair, packet.Length, out _, ref reason)))
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
