using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Joins the rings to a tap interface of the host. The kernel reads and writes guest buffers directly (readv and writev on the
/// segments, header included), so no packet is copied in this process.
/// </summary>
internal sealed unsafe class TapDevice(string name) : NetDevice
{
    private const int MaxVector = 64;

    private readonly TapInterface _tap = new(name);
    private readonly byte[] _discard = new byte[NetHeader.HashLength + TransmitReader.MaxPacket];
    private int _headerLength = NetHeader.LegacyLength;

    public string Name => _tap.Name;

    public override int WakeFd => _tap.Fd;

    public override bool Process(NetQueuePair pair)
    {
        if (pair.HeaderLength != _headerLength)
        {
            _tap.SetHeaderLength(pair.HeaderLength);
            _headerLength = pair.HeaderLength;
        }
        bool worked = FromGuest(pair);
        // One queue pair is enough for what comes from the host: a tap queue has no notion of the guest's others.
        return (pair.Index == 0 && ToGuest(pair)) | worked;
    }

    public override void Dispose() => _tap.Dispose();

    public override void Announce(ReadOnlySpan<byte> frame)
    {
        Span<byte> packet = stackalloc byte[_headerLength + frame.Length];
        packet[.._headerLength].Clear();
        frame.CopyTo(packet[_headerLength..]);
        fixed (byte* p = packet) Libc.Write(_tap.Fd, p, (nuint)packet.Length);
    }

    private bool FromGuest(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = ring.Queue!.Take(ring.Burst, BurstSize);
        if (count == 0) return false;
        iovec* vector = stackalloc iovec[MaxVector];
        for (int i = 0; i < count; i++)
        {
            ref Chain chain = ref ring.Burst.Chains[i];
            if (!TransmitReader.TryRead(ring.Burst, ref chain, pair.HeaderLength, out PacketView packet, out DropReason reason))
            {
                ring.Counters.Drops.Add(reason);
                continue;
            }
            ring.Counters.Packets++;
            ring.Counters.Bytes += packet.Length;
            int pieces = Math.Min((int)chain.ReadableSegments, MaxVector);
            Fill(vector, ring.Burst.Segments + chain.FirstSegment, pieces);
            if (pieces < chain.ReadableSegments || Libc.WriteVector(_tap.Fd, vector, pieces) < 0) ring.Counters.Drops.Add(DropReason.TapRefused);
        }
        ReturnTransmitted(ring, count);
        return true;
    }

    private bool ToGuest(NetQueuePair pair)
    {
        iovec* vector = stackalloc iovec[MaxVector];
        pair.Filler.Expect(BurstSize);
        int sent = 0;
        for (; sent < BurstSize; sent++)
        {
            Segment* buffer = pair.CanReceive ? pair.Filler.PeekBuffer(out int segments, out uint room) : Nothing(out segments, out room);
            if (buffer == null)
            {
                fixed (byte* p = _discard)
                {
                    if (Libc.Read(_tap.Fd, p, (nuint)_discard.Length) <= 0) break;
                }
                pair.Receive.Counters.Drops.Add(pair.CanReceive ? DropReason.NoReceiveBuffer : DropReason.ReceiveRingStopped);
                continue;
            }
            int pieces = Math.Min(segments, MaxVector);
            Fill(vector, buffer, pieces);
            long read = Libc.ReadVector(_tap.Fd, vector, pieces);
            if (read <= pair.HeaderLength) break;
            SetBufferCount(buffer, segments, pair.HeaderLength);
            pair.Filler.Commit((uint)read);
        }
        if (pair.CanReceive) pair.Filler.Flush();
        return sent > 0;
    }

    // The kernel leaves num_buffers 0; it is 1 for a packet in one buffer (virtio 1.3 §5.1.6.4.1).
    private static void SetBufferCount(Segment* segments, int count, int headerLength)
    {
        if (headerLength == NetHeader.LegacyLength) return;
        ushort one = 1;
        var cursor = new SegmentCursor(segments, count);
        cursor.Skip(NetHeader.LegacyLength);
        cursor.Write((byte*)&one, sizeof(ushort));
    }

    private static Segment* Nothing(out int segments, out uint room)
    {
        segments = 0;
        room = 0;
        return null;
    }

    private static void Fill(iovec* vector, Segment* segments, int count)
    {
        for (int i = 0; i < count; i++) vector[i] = new iovec { iov_base = segments[i].Address, iov_len = segments[i].Length };
    }
}
