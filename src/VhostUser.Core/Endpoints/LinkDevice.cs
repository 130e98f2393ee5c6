using System.Diagnostics;
using System.Runtime.CompilerServices;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// Joins the rings of a server to a link in Bundle mode: one copy from the guest's buffers into a frame, and at the other end one from
/// the frame into that guest's. What a guest leaves to its device crosses as it is, and the receiving end finishes it for a guest that
/// does not take it.
/// </summary>
internal sealed unsafe class LinkDevice(IbTransport link, int pairs, TimeSpan dropAfter) : NetDevice
{
    private readonly LinkDelivery[] _deliveries = [.. Enumerable.Range(0, pairs).Select(_ => new LinkDelivery(dropAfter))];
    private readonly long[] _heldSince = new long[pairs]; // when the pair's transmit ring began to wait, or 0
    private FrameLink? _session;

    /// <summary>The running session, or null.</summary>
    public FrameLink? Session
    {
        get => _session;
        set
        {
            _session = value;
            foreach (LinkDelivery delivery in _deliveries) delivery.Reset();
        }
    }

    /// <summary>The pairs that run.</summary>
    public NetQueuePair[] Active { get; private set; } = [];

    /// <summary>Packets that came and were dropped because no ring was there to count them at.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Whether something waits that may not wait for ever.</summary>
    public bool IsWaiting => _heldSince.Any(since => since != 0) || _deliveries.Any(delivery => delivery.IsWaiting);

    public override bool WantsReceiveKicks => _deliveries.Any(delivery => delivery.IsWaiting);

    public override bool HoldsBack(NetQueuePair pair) => pair.Index < _heldSince.Length && _heldSince[pair.Index] != 0;

    public override void PairsChanged(NetQueuePair[] pairs)
    {
        Active = pairs;
        foreach (LinkDelivery delivery in _deliveries) delivery.Reset();
        link.GuestChanged();
    }

    public override bool Process(NetQueuePair pair)
    {
        link.Poll();
        FrameChannel? channel = _session is FrameLink session && pair.Index < session.Channels.Length ? session.Channels[pair.Index] : null;
        bool worked = channel is not null && _deliveries[pair.Index].Deliver(channel, pair);
        return Send(channel, pair) | worked;
    }

    /// <summary>Drops what came for pairs that do not run: there is nobody to wait for. True when there was something.</summary>
    public bool DropUnclaimed()
    {
        bool worked = false;
        for (int i = 0; _session is FrameLink session && i < session.Channels.Length; i++)
        {
            FrameChannel channel = session.Channels[i];
            if (!channel.HasPacket || IsActive(i)) continue;
            for (; channel.HasPacket; worked = true)
            {
                Drops.Add(DropReason.ReceiveRingStopped);
                channel.Advance();
            }
        }
        return worked;
    }

    private bool IsActive(int index)
    {
        foreach (NetQueuePair pair in Active)
        {
            if (pair.Index == index) return true;
        }
        return false;
    }

    private bool Send(FrameChannel? channel, NetQueuePair pair)
    {
        if (!pair.CanTransmit || pair.Index >= _heldSince.Length) return false;
        if (channel is null) return WaitOrDrop(pair);
        Vring ring = pair.Transmit;
        int count = ring.Queue!.Take(ring.Burst, BurstSize);
        if (count == 0)
        {
            _heldSince[pair.Index] = 0;
            channel.Flush(); // the ring is empty: nothing more to wait for
            return false;
        }
        int taken = 0;
        while (taken < count && TrySend(channel, pair, ref ring.Burst.Chains[taken])) taken++;
        pair.CaptureTaken(taken); // what was given back is captured when it goes
        if (taken > 0) ReturnTransmitted(ring, taken, count);
        if (taken == count)
        {
            _heldSince[pair.Index] = 0;
            return true;
        }
        ring.Queue.Untake(count - taken);
        if (taken > 0) _heldSince[pair.Index] = 0;
        return WaitOrDrop(pair) || taken > 0;
    }

    /// <summary>Copies one packet into a frame; false when there is no room now. A packet that is wrong is counted, and done with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TrySend(FrameChannel channel, NetQueuePair pair, ref Chain chain)
    {
        Vring ring = pair.Transmit;
        if (!TransmitReader.TryRead(ring.Burst, ref chain, pair.HeaderLength, out PacketView packet, out DropReason reason)
            || !TransmitReader.TryReadHeader(ring.Burst, ref chain, pair, packet.Length, out NetHeader header, ref reason))
        {
            ring.Counters.Drops.Add(reason);
            return true;
        }
        bool plain = (header.Flags | header.GsoType) == 0;
        byte* room = channel.TryReserve(packet.Length, !plain, out byte* headerRoom);
        if (room == null) return false;
        if (!plain) *(NetHeader*)headerRoom = header with { BufferCount = 0 };
        packet.CopyTo(room);
        ring.Counters.Packets++;
        ring.Counters.Bytes += packet.Length;
        return true;
    }

    private static void ReturnTransmitted(Vring ring, int taken, int count)
    {
        if (taken == count)
        {
            ReturnTransmitted(ring, count);
            return;
        }
        ring.Queue!.Return(ring.Burst.Chains, taken);
        ring.CallIfWanted();
    }

    /// <summary>Leaves the guest's packets in their ring, or drops them when they have waited long enough. True when some were dropped.</summary>
    private bool WaitOrDrop(NetQueuePair pair)
    {
        ref long since = ref _heldSince[pair.Index];
        if (since == 0) since = Stopwatch.GetTimestamp();
        if (Stopwatch.GetElapsedTime(since) < dropAfter) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        ring.Counters.Drops.Add(DropReason.LinkDown, count);
        ReturnTransmitted(ring, count);
        return true;
    }
}
