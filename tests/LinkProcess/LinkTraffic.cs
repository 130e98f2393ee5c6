using System.Buffers.Binary;
using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Tests.LinkProcess;

/// <summary>
/// Numbered packets of mixed sizes out of one queue pair of a client, and those of the other end into it, each checked byte by byte:
/// none may be altered, repeated or out of order, and unless the path loses some, none missing.
/// </summary>
internal sealed unsafe class LinkTraffic
{
    private const int NumberOffset = 14;
    private const int Templates = 61; // a prime, so that sizes and ring positions do not go in step
    private const int Burst = 64;

    private readonly VhostClient _client;
    private readonly NetTransmitter _transmitter;
    private readonly NetReceiver _receiver;
    private readonly byte[][] _frames;

    /// <param name="client">The front-end.</param>
    /// <param name="pair">Queue pair.</param>
    /// <param name="minimum">Bytes of the shortest packet.</param>
    /// <param name="maximum">Bytes of the longest packet.</param>
    public LinkTraffic(VhostClient client, int pair, int minimum, int maximum)
    {
        _client = client;
        _transmitter = client.TransmitterOf(2 * pair + 1);
        _receiver = client.ReceiverOf(2 * pair);
        var random = new Random(pair);
        _frames = [.. Enumerable.Range(0, Templates).Select(i => Template(random, i == 0 ? minimum : i == 1 ? maximum : random.Next(minimum, maximum + 1)))];
    }

    public long Sent { get; private set; }

    public long Received { get; private set; }

    /// <summary>Packets that were jumped over.</summary>
    public long Missing { get; private set; }

    /// <summary>Sends and receives until so many packets went and came, or so much time is over.</summary>
    /// <param name="count">Packets each way; what is missing counts as come.</param>
    /// <param name="time">The longest time.</param>
    /// <param name="stop">Ends it early.</param>
    /// <param name="lossy">Whether packets may be missing.</param>
    /// <returns>Whether all packets went and came.</returns>
    public bool Run(long count, TimeSpan time, bool lossy, CancellationToken stop = default)
    {
        var checker = new Checker(this, lossy);
        long start = Stopwatch.GetTimestamp();
        int idle = 0;
        while (!stop.IsCancellationRequested && Stopwatch.GetElapsedTime(start) < time)
        {
            bool moved = false;
            for (int i = 0; i < Burst && Sent < count; i++)
            {
                byte[] frame = _frames[Sent % Templates];
                BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(NumberOffset), Sent);
                if (_client.SendBurst(_transmitter, frame, 1) == 0) break;
                Sent++;
                moved = true;
            }
            moved |= _client.ReceiveBurst(_receiver, ref checker, Burst) > 0;
            if (Sent == count && Received + Missing == count) return true;
            idle = moved ? 0 : idle + 1;
            if (idle > 100) Thread.Sleep(1); // the cores are shared with the other end
        }
        return false;
    }

    private static byte[] Template(Random random, int length)
    {
        byte[] frame = new byte[length];
        random.NextBytes(frame);
        new byte[] { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5 }.CopyTo(frame, 0); // addresses, and a type for experiments
        return frame;
    }

    private void Check(ReadOnlySpan<byte> frame, bool lossy)
    {
        long expected = Received + Missing;
        long number = BinaryPrimitives.ReadInt64BigEndian(frame[NumberOffset..]);
        if (number < expected || number > expected && !lossy) throw new InvalidOperationException($"expected packet {expected}, got {number}");
        byte[] sent = _frames[number % Templates];
        if (frame.Length != sent.Length || !frame[..NumberOffset].SequenceEqual(sent.AsSpan(0, NumberOffset)) || !frame[(NumberOffset + 8)..].SequenceEqual(sent.AsSpan(NumberOffset + 8)))
            throw new InvalidOperationException($"packet {number} came altered, with {frame.Length} bytes");
        Missing += number - expected;
        Received++;
    }

    private readonly struct Checker(LinkTraffic traffic, bool lossy) : IPacketConsumer
    {
        private readonly byte[] _copy = new byte[70000];

        public void Consume(in PacketView packet, Segment header)
        {
            fixed (byte* copy = _copy) packet.CopyTo(copy);
            traffic.Check(_copy.AsSpan(0, (int)packet.Length), lossy);
        }
    }
}
