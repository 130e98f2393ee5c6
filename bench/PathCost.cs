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

    /// <summary>Measures one layout and one packet size.</summary>
    public static Cost Measure(bool packed, int length)
    {
        VirtioFeatures features = VirtioFeatures.Version1 | VirtioFeatures.EventIdx | VirtioFeatures.MrgRxbuf | (packed ? VirtioFeatures.RingPacked : 0);
        using var net = new NetFixture(features, Size, regionBytes: 16 << 20);
        using var echo = new EchoDevice();
        const uint slot = 2048, stride = slot + 64;
        var transmitter = new NetTransmitter(net.TransmitRing, net.Space.Allocate(Size * stride, "slots"), slot, 12, separateHeader: false, stride);
        var receiver = new NetReceiver(net.ReceiveRing, net.Buffers, slot, 12, mergeable: true, stride);
        net.Pair.Transmit.Queue!.DisableKicks(); // as a server that polls
        net.Pair.Receive.Queue!.DisableKicks();
        receiver.Post();
        byte[] frame = new byte[length];
        var counter = new Counter();
        double send = double.MaxValue, back = double.MaxValue, receive = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long sending = 0, echoing = 0, receiving = 0;
            for (int burst = 0; burst < Size / Burst; burst++)
            {
                long start = Stopwatch.GetTimestamp();
                transmitter.Reclaim();
                transmitter.Send(frame, Burst);
                transmitter.Flush();
                long sent = Stopwatch.GetTimestamp();
                echo.Process(net.Pair);
                long echoed = Stopwatch.GetTimestamp();
                receiver.Receive(ref counter, Burst);
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
}
