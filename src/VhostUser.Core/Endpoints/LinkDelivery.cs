using System.Diagnostics;
using System.Runtime.InteropServices;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// Hands the packets of one channel to a guest, in order. When the guest has no buffer they stay in their frame, whose credit the peer
/// does not get back: so the sending guest waits. After <paramref name="dropAfter"/> of that they are dropped.
/// </summary>
internal sealed unsafe class LinkDelivery(TimeSpan dropAfter)
{
    private const int BurstSize = 64;

    // Whatever a guest may send (virtio 1.3 §5.1.6.2): the other end checked it by what was negotiated there, and is not believed.
    private const VirtioFeatures Sendable = VirtioFeatures.Csum | VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6 | VirtioFeatures.HostEcn | VirtioFeatures.HostUfo | VirtioFeatures.HostUso;

    private readonly Segment[] _piece = GC.AllocateArray<Segment>(1, pinned: true);
    private SoftwareOffload? _software; // made when it is needed first: it holds room for two packets of the greatest length
    private bool _cutting;              // the packet is being finished in software, and _piece comes next
    private long _waitingSince;

    /// <summary>Whether a packet waits for the guest's buffers.</summary>
    public bool IsWaiting => _waitingSince != 0;

    /// <summary>Forgets what was in work: the session ended, or the guest is another.</summary>
    public void Reset()
    {
        _cutting = false;
        _waitingSince = 0;
    }

    /// <summary>Delivers a burst; true when there may be more to do at once.</summary>
    public bool Deliver(FrameChannel channel, NetQueuePair pair)
    {
        if (!channel.HasPacket) return false;
        pair.Filler.Expect(BurstSize);
        int done = 0;
        for (; done < BurstSize && channel.TryPeek(out Segment packet, out byte* header); done++)
        {
            if (!pair.CanReceive) pair.Receive.Counters.Drops.Add(DropReason.ReceiveRingStopped);
            else if (!TryDeliver(pair, &packet, header)) break;
            _cutting = false;
            channel.Advance();
        }
        if (pair.CanReceive) pair.Filler.Flush();
        return done > 0;
    }

    /// <summary>Copies one packet into the guest's buffers, or drops it; false when it has to wait.</summary>
    private bool TryDeliver(NetQueuePair pair, Segment* packet, byte* header)
    {
        NetHeader asked = header == null ? default : *(NetHeader*)header;
        asked.Flags &= NetHeader.NeedsCsum;
        asked.BufferCount = 0;
        if (!OffloadRules.IsAllowed(asked, Sendable, packet->Length)) return Drop(pair, DropReason.InvalidHeader);
        if (!OffloadRules.IsAccepted(asked, pair.Features)) return TryFinish(pair, packet, asked);
        if (!HasRoom(pair, packet->Length, out bool drop)) return drop && Drop(pair, DropReason.NoReceiveBuffer);
        pair.Filler.TryWrite(new PacketView(packet, 1, 0, packet->Length), asked);
        return true;
    }

    /// <summary>Completes the checksum or cuts the packet, and delivers the pieces; the guest may have to make room between any two.</summary>
    private bool TryFinish(NetQueuePair pair, Segment* packet, in NetHeader asked)
    {
        _software ??= new SoftwareOffload();
        if (!_cutting)
        {
            if (!_software.TryBegin(new PacketView(packet, 1, 0, packet->Length), asked, out DropReason reason)) return Drop(pair, reason);
            _cutting = NextPiece();
        }
        Segment* piece = (Segment*)Marshal.UnsafeAddrOfPinnedArrayElement(_piece, 0);
        for (; _cutting; _cutting = NextPiece())
        {
            if (!HasRoom(pair, piece->Length, out bool drop)) return drop && Drop(pair, DropReason.NoReceiveBuffer);
            pair.Filler.TryWrite(new PacketView(piece, 1, 0, piece->Length));
        }
        return true;
    }

    private bool NextPiece()
    {
        if (!_software!.Next(out PacketView piece)) return false;
        _piece[0] = new Segment(piece.Contiguous, piece.Length); // its memory is the offload's own, in one piece
        return true;
    }

    private bool HasRoom(NetQueuePair pair, uint length, out bool drop)
    {
        drop = false;
        if (pair.Filler.HasRoom(length))
        {
            _waitingSince = 0;
            return true;
        }
        if (_waitingSince == 0) _waitingSince = Stopwatch.GetTimestamp();
        drop = Stopwatch.GetElapsedTime(_waitingSince) >= dropAfter;
        return false;
    }

    private static bool Drop(NetQueuePair pair, DropReason reason)
    {
        pair.Receive.Counters.Drops.Add(reason);
        return true;
    }
}
