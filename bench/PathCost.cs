using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Devices;

namespace VhostUser.Bench;

/// <summary>
/// What the code itself costs, without a second core: client, rings and echo in turn on one thread, so that no cache line has to
/// cross. The least of many short rounds is next to free of what else runs on the machine.
/// </summary>
internal static class PathCost
{
    private const int Size = 1024;
    private const int Burst = 32;
    private const int Rounds = 8000;

    /// <summary>Nanoseconds per packet: sent by the client, echoed by the server, received by the client.</summary>
    internal readonly record struct Cost(double Send, double Echo, double Receive)
    {
        public double Total => Send + Echo + Receive;
    }

    private struct Counter : IPacketConsumer
    {
        public long Bytes;

        public void Consume(in PacketView packet, Segment header) => Bytes += packet.Length;
    }

    /// <summary>Prints the parts for both layouts and two sizes.</summary>
    public static void Print()
    {
        foreach (bool packed in new[] { false, true })
        {
            foreach (int size in new[] { 64, 1500 })
            {
                Cost cost = Measure(packed, size);
                Console.WriteLine($"{(packed ? "packed" : "split"),-6} {size,5} B: send {cost.Send,5:0.0}  echo {cost.Echo,5:0.0}  receive {cost.Receive,5:0.0}  sum {cost.Total,5:0.0} ns");
            }
        }
    }

    /// <summary>
    /// Has the JIT compile for good what the other rows measure: on a busy machine the seconds of a run would else be spent in its first,
    /// slow version.
    /// </summary>
    public static void WarmUp()
    {
        byte[] frame = new byte[64];
        foreach (bool packed in new[] { false, true })
        {
            Measure(packed, frame.Length);
            using var link = new Link(packed);
            using var sink = new SinkDevice();
            using var source = new SourceDevice(frame, 0);
            for (int i = 0; i < Rounds; i++)
            {
                link.Transmitter.Reclaim();
                link.Transmitter.Send(frame, Burst);
                link.Transmitter.Flush();
                sink.Process(link.Net.Pair);
                source.Process(link.Net.Pair);
                link.Receive(2 * Burst);
            }
        }
    }

    /// <summary>Measures one layout and one packet size.</summary>
    public static Cost Measure(bool packed, int length)
    {
        using var link = new Link(packed);
        using var echo = new EchoDevice();
        byte[] frame = new byte[length];
        double send = double.MaxValue, back = double.MaxValue, receive = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long sending = 0, echoing = 0, receiving = 0;
            for (int burst = 0; burst < Size / Burst; burst++)
            {
                long start = Stopwatch.GetTimestamp();
                link.Transmitter.Reclaim();
                link.Transmitter.Send(frame, Burst);
                link.Transmitter.Flush();
                long sent = Stopwatch.GetTimestamp();
                echo.Process(link.Net.Pair);
                long echoed = Stopwatch.GetTimestamp();
                link.Receive(Burst);
                sending += sent - start;
                echoing += echoed - sent;
                receiving += Stopwatch.GetTimestamp() - echoed;
            }
            send = Math.Min(send, sending);
            back = Math.Min(back, echoing);
            receive = Math.Min(receive, receiving);
        }
        double scale = 1e9 / Stopwatch.Frequency / Size;
        return new Cost(send * scale, back * scale, receive * scale);
    }

    /// <summary>A client's side and a device's side of one queue pair, both on this thread.</summary>
    private sealed class Link : IDisposable
    {
        private readonly NetReceiver _receiver;
        private Counter _counter;

        public Link(bool packed)
        {
            const uint slot = 2048, stride = slot + 64;
            Net = new NetFixture(VirtioFeatures.Version1 | VirtioFeatures.EventIdx | VirtioFeatures.MrgRxbuf | (packed ? VirtioFeatures.RingPacked : 0), Size, regionBytes: 16 << 20);
            Transmitter = new NetTransmitter(Net.TransmitRing, Net.Space.Allocate(Size * stride, "slots"), slot, 12, separateHeader: false, stride);
            _receiver = new NetReceiver(Net.ReceiveRing, Net.Buffers, slot, 12, mergeable: true, stride);
            Net.Pair.Transmit.Queue!.DisableKicks(); // as a server that polls
            Net.Pair.Receive.Queue!.DisableKicks();
            _receiver.Post();
        }

        public NetFixture Net { get; }

        public NetTransmitter Transmitter { get; }

        public void Receive(int most) => _receiver.Receive(ref _counter, most);

        public void Dispose() => Net.Dispose();
    }
}
