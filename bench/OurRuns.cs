using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>The same traffic with one end, or both, replaced by ours. Each end polls on a core of its own, as DPDK's does.</summary>
internal static class OurRuns
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    // Long enough for the JIT to have compiled what is hot; the first run of a process takes longer, and is not measured.
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(0.5);

    /// <summary>virtio_user sends into our Sink.</summary>
    public static Measurement Sink(int size, bool packed, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder, ServerMode.Sink, size);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.TxOnly, DpdkRuns.Options(size, packed, DpdkRuns.FrontCore));
        front.WaitUntilReady(Bound);
        return RateOf(() => server.Snapshot().PacketsReceived, time);
    }

    /// <summary>Our Source fills virtio_user's receive ring.</summary>
    public static Measurement Source(int size, bool packed, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder, ServerMode.Source, size);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.RxOnly, DpdkRuns.Options(size, packed, DpdkRuns.FrontCore));
        front.WaitUntilReady(Bound);
        return Counted(() => DpdkRuns.Rate(front, time), time);
    }

    /// <summary>Our bridge joins two ports of a guest that joins them, too.</summary>
    public static Measurement Bridge(int size, bool packed, TimeSpan time)
    {
        using SocketFolder folder = new();
        string second = folder.File("t.sock");
        using var bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "bench", Core = DpdkRuns.BackCore });
        using VhostServer a = Links.Server(folder.Socket, ServerMode.Sink, size, core: null);
        using VhostServer b = Links.Server(second, ServerMode.Sink, size, core: null);
        bridge.AddServer(a);
        bridge.AddServer(b);
        return Counted(() => DpdkRuns.GuestLoop(folder.Socket, second, size, packed, time), time);
    }

    /// <summary>Our client sends into net_vhost.</summary>
    public static Measurement ClientToBackEnd(int size, bool packed, TimeSpan time)
    {
        using SocketFolder folder = new();
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.RxOnly, DpdkRuns.Options(size, packed, DpdkRuns.BackCore));
        back.WaitUntilReady(Bound);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region, packed);
        return Pump(new Sender(client, size), time);
    }

    /// <summary>Our client and our Echo server.</summary>
    public static Measurement RoundTrip(int size, bool packed, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder, ServerMode.Echo, size);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region, packed);
        return Pump(new Pinger(client, size), time);
    }

    private static Measurement Counted(Func<double> rate, TimeSpan time)
    {
        long allocated = GC.GetTotalAllocatedBytes();
        double value = rate();
        return new Measurement(value, (GC.GetTotalAllocatedBytes() - allocated) / (value * time.TotalSeconds));
    }

    private static Measurement RateOf(Func<long> packets, TimeSpan time)
    {
        Thread.Sleep(Warmup);
        long allocated = GC.GetTotalAllocatedBytes();
        long before = packets();
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(time);
        long count = packets() - before;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Measurement(count / seconds, (GC.GetTotalAllocatedBytes() - allocated) / (double)Math.Max(count, 1));
    }

    // The traffic runs on a thread of its own, bound to the front-end's core.
    private static Measurement Pump(Traffic traffic, TimeSpan time)
    {
        using var stop = new CancellationTokenSource();
        Measurement result = default;
        var meter = new Thread(() =>
        {
            result = RateOf(() => Volatile.Read(ref traffic.Packets), time);
            stop.Cancel();
        });
        meter.Start();
        Links.OnCore(DpdkRuns.FrontCore, () =>
        {
            while (!stop.IsCancellationRequested) traffic.Round();
        });
        meter.Join();
        return result;
    }

    private abstract class Traffic(VhostClient client, int size)
    {
        protected const int Burst = 32; // testpmd's

        public long Packets;

        protected readonly byte[] Frame = PacketBuilder.Build(new PacketSpec { Length = size }).Bytes.ToArray();
        protected readonly VhostClient Client = client;
        protected readonly NetTransmitter Transmitter = client.TransmitterOf(1);
        protected readonly NetReceiver Receiver = client.ReceiverOf(0);

        public abstract void Round();
    }

    private sealed class Sender(VhostClient client, int size) : Traffic(client, size)
    {
        private readonly uint _template = client.TransmitterOf(1).NewTemplate(); // testpmd's txonly does not write its payload either

        public override void Round() => Packets += Client.SendBurst(Transmitter, Frame, Burst, _template);
    }

    private sealed class Pinger(VhostClient client, int size) : Traffic(client, size)
    {
        private Counter _counter;

        public override void Round()
        {
            Client.SendBurst(Transmitter, Frame, Burst);
            Packets += Client.ReceiveBurst(Receiver, ref _counter, Burst);
        }
    }

    private struct Counter : IPacketConsumer
    {
        public long Bytes;

        public void Consume(in PacketView packet, Segment header) => Bytes += packet.Length;
    }
}
