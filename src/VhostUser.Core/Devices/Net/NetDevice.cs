using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>What a back-end does with the packets of a queue pair; called by the one thread that owns the rings.</summary>
internal abstract class NetDevice : IDisposable
{
    /// <summary>Packets handled in one call: enough to share the cost of an index, few enough to stay in the cache.</summary>
    protected const int BurstSize = 64;

    /// <summary>Works one burst in each direction. True when there may be more to do at once.</summary>
    public abstract bool Process(NetQueuePair pair);

    /// <summary>Whether a kick of the receive ring (new buffers) gives this device work.</summary>
    public virtual bool WantsReceiveKicks => false;

    /// <summary>Features that this device can't honour, so that they are not offered.</summary>
    public virtual VirtioFeatures Unsupported => VirtioFeatures.None;

    /// <summary>A descriptor that becomes readable when this device has work of its own, or -1.</summary>
    public virtual int WakeFd => -1;

    /// <summary>How long until this device has work of its own, or null when it never has.</summary>
    public virtual TimeSpan? NextWork => null;

    /// <summary>Whether the chains on the pair's transmit ring have to wait for something else than the driver: looking at the ring again is of no use.</summary>
    public virtual bool HoldsBack(NetQueuePair pair) => false;

    /// <summary>Called when the running queue pairs, or what they may do, changed; with none when a session ends.</summary>
    public virtual void PairsChanged(NetQueuePair[] pairs) { }

    /// <summary>What the session's rings did wrong while another session's packets were handled, or null; the session has to end then.</summary>
    public virtual VhostException? Fault => null;

    /// <summary>Sends a frame to the network in the guest's name: it has just come here.</summary>
    public virtual void Announce(ReadOnlySpan<byte> frame) { }

    /// <summary>The front-end set the largest packet behind an Ethernet header.</summary>
    public virtual void MtuChanged(int mtu) { }

    /// <inheritdoc/>
    public virtual void Dispose() { }

    /// <summary>Processes and throws away what a disabled transmit ring holds (vhost-user, "Ring states").</summary>
    public static bool Discard(NetQueuePair pair)
    {
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        ring.Counters.Drops.Add(DropReason.RingDisabled, count);
        ReturnTransmitted(ring, count);
        return true;
    }

    /// <summary>Returns a burst of transmitted chains, of which the device wrote nothing.</summary>
    protected static unsafe void ReturnTransmitted(Vring ring, int count)
    {
        ring.Queue!.Return(ring.Burst.Chains, count);
        ring.CallIfWanted();
    }
}
