namespace VhostUser.Devices.Net.Offloads;

/// <summary>Hands packets to a guest: with all that is left to do as far as the guest takes that, else finished in software. One thread at a time.</summary>
/// <param name="software">What finishes them, where several forwarders of one thread share it.</param>
internal sealed class PacketForwarder(SoftwareOffload? software = null)
{
    private SoftwareOffload? _software = software; // made when it is needed first: it holds room for two packets of the greatest length

    /// <summary>Copies a packet into the guest's buffers. What these can't take is counted there; false with the reason when the packet itself is wrong.</summary>
    /// <param name="to">The guest's queue pair, of which the receive ring runs.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="header">A private, checked copy of its header.</param>
    /// <param name="reason">Why it can't be finished.</param>
    public bool TryForward(NetQueuePair to, in PacketView packet, in NetHeader header, out Rings.DropReason reason)
    {
        reason = default;
        if (OffloadRules.IsAccepted(header, to.Features))
        {
            to.Filler.TryWrite(packet, header);
            return true;
        }
        _software ??= new SoftwareOffload();
        if (!_software.TryBegin(packet, header, out reason)) return false;
        while (_software.Next(out PacketView frame)) to.Filler.TryWrite(frame);
        return true;
    }
}
