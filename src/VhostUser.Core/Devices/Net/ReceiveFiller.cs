using System.Runtime.CompilerServices;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Writes packets into a guest's receive buffers, one buffer each or several merged (virtio 1.3 §5.1.6.4), and publishes them in
/// bursts: <see cref="TryWrite(in PacketView)"/> as often as wanted, then <see cref="Flush"/> once.
/// </summary>
internal sealed unsafe class ReceiveFiller(NetQueuePair pair)
{
    // What a driver should post at least when packets are not merged, header not counted (virtio 1.3 §5.1.6.3.1).
    private const uint WholePacket = 1514;

    private int _count; // chains taken
    private int _next;  // chains filled
    private int _returned;
    private int _hint = 32;

    // Of the burst in hand, for the usual packet; looked up once when it is taken.
    private Chain* _chains;
    private Segment* _segments;
    private uint _headerLength;
    private bool _plain; // nobody looks at packets on their way: no filter of the guest, no capture

    /// <summary>How many packets are likely to come before the next flush: that many buffers are taken at a time.</summary>
    public void Expect(int packets) => _hint = Math.Clamp(packets, 1, ChainBurst.MaxChains);

    /// <summary>Whether a receive buffer is there for another packet.</summary>
    public bool HasBuffer => _next < _count || Refill();

    /// <summary>
    /// The usual packet into the usual buffer: both in one piece, a plain header, and a buffer in hand. False says only that
    /// <see cref="TryWrite(in PacketView)"/> has to look closer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWritePlain(byte* data, uint length)
    {
        if (_next >= _count || !_plain) return false;
        Chain* chain = _chains + _next;
        Segment* target = _segments + chain->FirstSegment;
        uint needed = length + _headerLength;
        if (chain->ReadableSegments != 0 || target->Length < needed) return false;
        byte* start = target->Address;
        WriteHeader(start, 0, 1U << 16);
        PacketCopy.Copy(start + _headerLength, data, length);
        chain->Written = needed;
        _next++;
        VringCounters counters = pair.Receive.Counters;
        counters.Packets++;
        counters.Bytes += length;
        return true;
    }

    /// <summary>
    /// Whether <see cref="TryWrite(in PacketView)"/> would not fail for want of buffers: false when the driver only has to add some, so
    /// that a sender with patience waits. A packet that fits into no buffer of this driver has "room": it is dropped for its own sake.
    /// </summary>
    public bool HasRoom(uint length)
    {
        uint needed = length + (uint)pair.HeaderLength;
        if (!HasBuffer) return false;
        ChainBurst burst = pair.Receive.Burst;
        if (!pair.Mergeable || burst.Chains[_next].WritableBytes >= needed || CountBuffers(needed) > 0) return true;
        Flush();
        _count = pair.Receive.Queue!.Take(burst, ChainBurst.MaxChains);
        if (_count == 0 || CountBuffers(needed) > 0) return _count > 0;
        bool hopeless = _count >= Math.Min(ChainBurst.MaxChains, pair.Receive.Queue.Size);
        for (int i = 0; i < _count; i++) hopeless |= burst.Chains[i].ReadableSegments != 0;
        IsStarved = !hopeless;
        return hopeless;
    }

    /// <summary>Copies a packet behind a plain header into the next buffers; false and counted when there is no room.</summary>
    public bool TryWrite(in PacketView packet) => TryWriteBehind(packet, default);

    /// <summary>
    /// The same with what is left to the guest: a checksum to complete, segments to cut, or the word that the checksum is right.
    /// The caller made sure that the guest takes it (<see cref="Offloads.OffloadRules.IsAccepted"/>).
    /// </summary>
    /// <param name="packet">The packet.</param>
    /// <param name="header">A private, checked copy; num_buffers is not looked at.</param>
    public bool TryWrite(in PacketView packet, in NetHeader header) =>
        (header.Flags | header.GsoType) == 0 ? TryWriteBehind(packet, default) : TryWriteBehind(packet, OffloadRules.Describe(packet, header, pair.Features));

    private bool TryWriteBehind(in PacketView packet, in NetHeader header)
    {
        if (pair.Filter is not null && !pair.Filter.Accepts(packet)) return Drop(DropReason.NotWanted);
        Vring ring = pair.Receive;
        uint needed = packet.Length + (uint)pair.HeaderLength;
        // The usual buffer is in hand, writable, and large enough; everything else is looked at more closely.
        bool usual = _next < _count && ring.Burst.Chains[_next].ReadableSegments == 0 && ring.Burst.Chains[_next].WritableBytes >= needed;
        if (!usual && !FindBuffer((uint)pair.HeaderLength)) return Drop(DropReason.NoReceiveBuffer);
        ref Chain chain = ref ring.Burst.Chains[_next];
        if (chain.WritableBytes < needed) return TryWriteMerged(packet, header, needed);
        Segment* target = ring.Burst.Segments + chain.FirstSegment;
        byte* source = packet.Contiguous;
        if (target->Length >= needed && source != null)
        {
            WriteHeader(target->Address, header, 1);
            Unsafe.CopyBlockUnaligned(target->Address + pair.HeaderLength, source, packet.Length);
        }
        else
        {
            WriteHeader(ref chain, header, 1);
            Scatter(ref chain, packet.Cursor(), (uint)pair.HeaderLength, packet.Length);
        }
        chain.Written = needed;
        _next++;
        return Count(packet, header);
    }

    /// <summary>Whether the buffers that are there did not suffice: looking again helps only when the driver adds some.</summary>
    public bool IsStarved { get; private set; }

    /// <summary>Publishes what was written, gives back what was not, and calls the driver if it wants.</summary>
    public void Flush()
    {
        Vring ring = pair.Receive;
        if (_next > _returned)
        {
            ring.Queue!.Return(ring.Burst.Chains + _returned, _next - _returned);
            ring.CallIfWanted();
        }
        if (_count > _next) ring.Queue!.Untake(_count - _next);
        _count = _next = _returned = 0;
    }

    /// <summary>Forgets everything: the ring was stopped.</summary>
    public void Reset() => _count = _next = _returned = 0;

    private bool Refill()
    {
        Flush();
        IsStarved = false;
        if (!pair.CanReceive) return false;
        ChainBurst burst = pair.Receive.Burst;
        _count = pair.Receive.Queue!.Take(burst, _hint);
        _chains = burst.Chains;
        _segments = burst.Segments;
        _headerLength = (uint)pair.HeaderLength;
        _plain = pair.Filter is null && !pair.Capture.IsOn;
        return _count > 0;
    }

    private bool TryWriteMerged(in PacketView packet, in NetHeader header, uint needed)
    {
        ChainBurst burst = pair.Receive.Burst;
        if (!pair.Mergeable)
        {
            // An undersized buffer must not stand in front of better ones; one of proper size waits for a shorter packet.
            if (burst.Chains[_next].WritableBytes < (uint)pair.HeaderLength + WholePacket) GiveBack(1);
            else IsStarved = true;
            return Drop(DropReason.ReceiveBufferTooSmall);
        }
        int buffers = CountBuffers(needed);
        if (buffers == 0)
        {
            // Not enough in hand: take afresh, as many as a burst holds.
            int had = _count - _next;
            Flush();
            _count = pair.Receive.Queue!.Take(burst, ChainBurst.MaxChains);
            buffers = _count > had ? CountBuffers(needed) : 0;
            if (buffers == 0) return DropUnmerged();
        }
        SegmentCursor source = packet.Cursor();
        uint left = needed;
        for (int i = 0; i < buffers; i++)
        {
            ref Chain chain = ref burst.Chains[_next + i];
            uint part = Math.Min(left, chain.WritableBytes);
            uint skip = i == 0 ? (uint)pair.HeaderLength : 0;
            if (i == 0) WriteHeader(ref chain, header, (ushort)buffers);
            source = Scatter(ref chain, source, skip, part - skip);
            chain.Written = part;
            left -= part;
        }
        _next += buffers;
        return Count(packet, header);
    }

    /// <summary>Steps to the next buffer that the device may write and that has room; others go back unused and are counted.</summary>
    private bool FindBuffer(uint room)
    {
        Vring ring = pair.Receive;
        IsStarved = false;
        // A driver that posts wrong buffers as fast as they go back must not hold this thread.
        for (int refused = 0; refused <= ring.Queue!.Size; refused++)
        {
            if (_next == _count && !Refill()) return false;
            ref Chain chain = ref ring.Burst.Chains[_next];
            if (chain.ReadableSegments == 0 && chain.WritableBytes >= room) return true;
            ring.Counters.Drops.Add(chain.ReadableSegments != 0 ? DropReason.WrongDirection : DropReason.ReceiveBufferTooSmall);
            GiveBack(1);
        }
        return false;
    }

    /// <summary>Drops a packet for which the buffers in hand do not suffice together, so that they do not stand in the way for ever.</summary>
    private bool DropUnmerged()
    {
        Chain* chains = pair.Receive.Burst.Chains;
        for (int i = _next; i < _count; i++)
        {
            if (chains[i].ReadableSegments == 0) continue;
            pair.Receive.Counters.Drops.Add(DropReason.WrongDirection);
            GiveBack(i + 1 - _next);
            return Drop(DropReason.NoReceiveBuffer);
        }
        if (_count >= Math.Min(ChainBurst.MaxChains, pair.Receive.Queue!.Size))
        {
            // The driver can't add any: with all it has, this packet does not fit.
            GiveBack(_count - _next);
            return Drop(DropReason.ReceiveBufferTooSmall);
        }
        IsStarved = true;
        return Drop(DropReason.NoReceiveBuffer);
    }

    private void GiveBack(int chains)
    {
        for (; chains > 0; chains--) pair.Receive.Burst.Chains[_next++].Written = 0;
    }

    // How many of the chains in hand hold the bytes together; 0 when all of them do not.
    private int CountBuffers(uint needed)
    {
        Chain* chains = pair.Receive.Burst.Chains;
        ulong room = 0;
        for (int i = _next; i < _count; i++)
        {
            if (chains[i].ReadableSegments != 0) return 0;
            room += chains[i].WritableBytes;
            if (room >= needed) return i - _next + 1;
        }
        return 0;
    }

    private SegmentCursor Scatter(ref Chain chain, SegmentCursor source, uint skip, uint length)
    {
        var target = new SegmentCursor(pair.Receive.Burst.Segments + chain.FirstSegment, chain.WritableSegments);
        target.Skip(skip);
        while (length > 0)
        {
            Segment piece = source.Next(length);
            if (piece.Length == 0) break;
            target.Write(piece.Address, piece.Length);
            length -= piece.Length;
        }
        return source;
    }

    private void WriteHeader(ref Chain chain, in NetHeader header, ushort buffers)
    {
        byte* bytes = stackalloc byte[NetHeader.HashLength];
        WriteHeader(bytes, header, buffers);
        new SegmentCursor(pair.Receive.Burst.Segments + chain.FirstSegment, chain.WritableSegments).Write(bytes, (uint)pair.HeaderLength);
    }

    private void WriteHeader(byte* target, in NetHeader header, ushort buffers) =>
        WriteHeader(target, Unsafe.As<NetHeader, ulong>(ref Unsafe.AsRef(in header)), header.ChecksumOffset | (uint)buffers << 16);

    // num_buffers is 1 even without MRG_RXBUF (virtio 1.3 §5.1.6.4.1); a legacy header ends before it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteHeader(byte* target, ulong first, uint last)
    {
        *(ulong*)target = first;
        if (_headerLength == NetHeader.Length)
        {
            *(uint*)(target + 8) = last;
            return;
        }
        *(ushort*)(target + 8) = (ushort)last;
        if (_headerLength == NetHeader.LegacyLength) return;
        *(ushort*)(target + 10) = (ushort)(last >> 16);
        *(ulong*)(target + 12) = 0; // hash value, type, padding: no report
    }

    private bool Count(in PacketView packet, in NetHeader header)
    {
        pair.Receive.Counters.Packets++;
        pair.Receive.Counters.Bytes += packet.Length;
        if (pair.Capture.IsOn) pair.Capture.Add(packet, header, pair.Receive.Index, outbound: true);
        return true;
    }

    private bool Drop(DropReason reason)
    {
        pair.Receive.Counters.Drops.Add(reason);
        return false;
    }
}
