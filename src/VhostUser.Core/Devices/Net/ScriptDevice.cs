using System.Runtime.CompilerServices;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>Hands a private copy of each packet, with the header that says what is left to do, to a handler and sends back what it returns.</summary>
internal sealed unsafe class ScriptDevice(PacketHandler handler) : NetDevice
{
    /// <summary>A script takes long: few packets at a time keep the control socket answered.</summary>
    private const int ScriptBurst = 8;

    /// <summary>What the handler last threw; the packet was dropped and the server went on.</summary>
    public Exception? LastFailure { get; private set; }

    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(ScriptBurst);
        if (count == 0) return false;
        for (int i = 0; i < count; i++) Handle(pair, ref ring.Burst.Chains[i]);
        if (pair.CanReceive) pair.Filler.Flush();
        ReturnTransmitted(ring, count);
        return true;
    }

    /// <summary>The script sees the frame as if the guest had sent it on its first ring; what it outputs goes nowhere.</summary>
    public override void Announce(ReadOnlySpan<byte> frame)
    {
        try
        {
            handler(1, new byte[NetHeader.Length], frame.ToArray());
        }
        catch (Exception error)
        {
            LastFailure = error;
        }
    }

    private void Handle(NetQueuePair pair, ref Chain chain)
    {
        Vring ring = pair.Transmit;
        if (!TransmitReader.TryRead(ring.Burst, ref chain, pair.HeaderLength, out PacketView packet, out DropReason reason))
        {
            ring.Counters.Drops.Add(reason);
            return;
        }
        byte[] header = new byte[pair.HeaderLength];
        byte[] frame = new byte[packet.Length];
        NetHeader told = default;
        fixed (byte* h = header, f = frame)
        {
            new SegmentCursor(ring.Burst.Segments + chain.FirstSegment, chain.ReadableSegments).Read(h, (uint)header.Length);
            packet.CopyTo(f);
            Unsafe.CopyBlockUnaligned(&told, h, (uint)Math.Min(header.Length, NetHeader.Length));
        }
        if (!OffloadRules.IsAllowed(told, pair.Features, packet.Length))
        {
            ring.Counters.Drops.Add(DropReason.InvalidHeader);
            return;
        }
        ring.Counters.Packets++;
        ring.Counters.Bytes += packet.Length;
        IReadOnlyList<ReadOnlyMemory<byte>> replies;
        try
        {
            replies = handler(ring.Index, header, frame) ?? throw new InvalidOperationException("The packet handler returned null; return an empty list to send nothing.");
        }
        catch (Exception error)
        {
            LastFailure = error;
            ring.Counters.Drops.Add(DropReason.ScriptFailed);
            return;
        }
        foreach (ReadOnlyMemory<byte> reply in replies) Send(pair, reply.Span);
    }

    private static void Send(NetQueuePair pair, ReadOnlySpan<byte> frame)
    {
        if (frame.IsEmpty) return;
        if (!pair.CanReceive)
        {
            pair.Receive.Counters.Drops.Add(DropReason.ReceiveRingStopped);
            return;
        }
        fixed (byte* p = frame)
        {
            var segment = new Segment(p, (uint)frame.Length);
            pair.Filler.TryWrite(new PacketView(&segment, 1, 0, (uint)frame.Length));
        }
    }
}
