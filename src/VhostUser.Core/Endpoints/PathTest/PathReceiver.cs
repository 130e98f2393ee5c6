using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Memory;

namespace VhostUser.Endpoints;

/// <summary>Takes the packets of a path test as they arrive and counts; memory is fixed, and a packet allocates nothing.</summary>
internal sealed unsafe class PathReceiver(uint run, long start)
{
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>((int)TransmitReader.MaxPacket, pinned: true);
    private long _lastTransit = -1;
    private double _jitter; // nanoseconds

    public LatencyHistogram Latency { get; } = new();

    public SequenceTracker Numbers { get; } = new();

    public long Corrupt { get; private set; }

    public long Foreign { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Interarrival jitter (RFC 3550 §6.4.1), in nanoseconds.</summary>
    public double Jitter => _jitter;

    /// <summary>How many packets were sent so far.</summary>
    public long Sent { get; set; }

    /// <summary>A packet arrived.</summary>
    public void Take(in PacketView packet)
    {
        long now = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        if (packet.Length > _frame.Length)
        {
            Foreign++;
            return;
        }
        fixed (byte* frame = _frame) packet.CopyTo(frame);
        switch (PathFrame.Read(_frame.AsSpan(0, (int)packet.Length), run, out uint low, out long sentAt))
        {
            case PathFrame.Kind.Foreign: Foreign++; return;
            case PathFrame.Kind.Corrupt: Corrupt++; return;
        }
        long number = SequenceTracker.Extend(low, Sent);
        if (number < 0)
        {
            Corrupt++; // a number that was never sent
            return;
        }
        if (!Numbers.Add(number)) return;
        long transit = now - sentAt;
        Latency.Record(transit);
        Bytes += packet.Length;
        if (_lastTransit >= 0) _jitter += (Math.Abs(transit - _lastTransit) - _jitter) / 16;
        _lastTransit = transit;
    }

    /// <summary>Hands a receiver's packets to <see cref="Take"/>.</summary>
    public readonly struct Consumer(PathReceiver receiver) : IPacketConsumer
    {
        public void Consume(in PacketView packet, Segment header) => receiver.Take(packet);
    }
}
