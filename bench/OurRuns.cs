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
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(1);

    /// <summary>virtio_user sends into our Sink.</summary>
    public static Measurement Sink(int size, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Server(folder, ServerMode.Sink, size);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.TxOnly, DpdkRuns.Options(size, DpdkRuns.FrontCore));
        front.WaitUntilReady(Bound);
        return RateOf(() => server.Snapshot().PacketsReceived, time);
    }

    /// <summary>Our Source fills virtio_user's receive ring.</summary>
    public static Measurement Source(int size, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Server(folder, ServerMode.Source, size);
        using Testpmd front = Testpmd.VirtioUserFrontEnd(folder.Socket, TestpmdMode.RxOnly, DpdkRuns.Options(size, DpdkRuns.FrontCore));
        front.WaitUntilReady(Bound);
        long allocated = GC.GetTotalAllocatedBytes();
        double rate = DpdkRuns.Rate(front, time);
        return new Measurement(rate, (GC.GetTotalAllocatedBytes() - allocated) / (rate * time.TotalSeconds));
    }

    /// <summary>Our client sends into net_vhost.</summary>
    public static Measurement ClientToBackEnd(int size, TimeSpan time)
    {
        using SocketFolder folder = new();
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.RxOnly, DpdkRuns.Options(size, DpdkRuns.BackCore));
        back.WaitUntilReady(Bound);
        using SharedRegion region = Region();
        using VhostClient client = Client(folder, region);
        return Pump(new Sender(client, size), time);
    }

    /// <summary>Our client and our Echo server.</summary>
    public static Measurement RoundTrip(int size, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Server(folder, ServerMode.Echo, size);
        using SharedRegion region = Region();
        using VhostClient client = Client(folder, region);
        return Pump(new Pinger(client, size), time);
    }

    private static VhostServer Server(SocketFolder folder, ServerMode mode, int size) => VhostServer.Start(new VhostServerOptions
    {
        Name = "bench", Path = folder.Socket, Mode = mode, Poll = true, Core = DpdkRuns.BackCore, PacketSize = size,
    });

    private static SharedRegion Region() => SharedRegion.Create(new SharedRegionOptions { Name = "bench", Size = 64 << 20 });

    private static VhostClient Client(SocketFolder folder, SharedRegion region) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "bench", Path = folder.Socket, Regions = [region], QueueSize = DpdkRuns.QueueSize, Retry = true,
    });

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
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Libc.PinThread(DpdkRuns.FrontCore);
                while (!stop.IsCancellationRequested) traffic.Round();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        Measurement result = RateOf(() => Volatile.Read(ref traffic.Packets), time);
        stop.Cancel();
        thread.Join();
        return failure is null ? result : throw failure;
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
