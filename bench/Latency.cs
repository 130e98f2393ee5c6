using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>
/// One packet at a time goes to a back-end and comes back. The same client measures our Echo and testpmd's io, so that only the
/// back-end differs. Microseconds.
/// </summary>
internal static class Latency
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private static (bool Packed, bool Sleeping, Measurement Run)? s_last;

    /// <summary>Our Echo, polling on both ends or asleep on both: the median, and the 99th percentile as the tail.</summary>
    public static Measurement Ours(bool packed, bool sleeping, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder, ServerMode.Echo, poll: !sleeping);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region, packed);
        Measurement run = Measure(client, sleeping, time);
        s_last = (packed, sleeping, run);
        return run;
    }

    /// <summary>The run that the row before made, for its other figure; a run of its own when there was none.</summary>
    public static Measurement Same(bool packed, bool sleeping, TimeSpan time)
    {
        (bool, bool, Measurement Run)? last = s_last;
        s_last = null;
        return last is (bool p, bool s, Measurement run) && p == packed && s == sleeping ? run : Ours(packed, sleeping, time);
    }

    /// <summary>testpmd's io, which polls; the client's end sleeps or not. testpmd has no interrupt mode for net_vhost.</summary>
    public static PeerRun Dpdk(bool packed, bool sleeping) => new($"latency {packed} {sleeping}", time =>
    {
        using SocketFolder folder = new();
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.Io, DpdkRuns.Options(64, packed, DpdkRuns.BackCore));
        back.WaitUntilReady(Bound);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region, packed);
        return Measure(client, sleeping, time);
    });

    private static Measurement Measure(VhostClient client, bool sleeping, TimeSpan time)
    {
        var trips = new List<long>(1 << 20);
        Links.OnCore(DpdkRuns.FrontCore, () =>
        {
            NetTransmitter transmitter = client.TransmitterOf(1);
            NetReceiver receiver = client.ReceiverOf(0);
            byte[] frame = PacketBuilder.Build(new PacketSpec { Length = 64 }).Bytes.ToArray();
            var received = new List<ReceivedPacket>();
            var counter = new Counter();
            long start = Stopwatch.GetTimestamp();
            TimeSpan warmup = 0.3 * time;
            while (Stopwatch.GetElapsedTime(start) < time + warmup)
            {
                long sent = Stopwatch.GetTimestamp();
                while (client.SendBurst(transmitter, frame, 1) == 0 && Stopwatch.GetElapsedTime(sent) < Bound) { }
                if (sleeping)
                {
                    received.Clear();
                    client.Receive(received, 0, 1, Bound, CancellationToken.None);
                }
                else
                {
                    while (client.ReceiveBurst(receiver, ref counter, 1) == 0 && Stopwatch.GetElapsedTime(sent) < Bound) { }
                }
                if (Stopwatch.GetElapsedTime(start) > warmup) trips.Add(Stopwatch.GetTimestamp() - sent);
            }
        });
        return Summarize(trips);
    }

    /// <summary>Median and 99th percentile of times in ticks of the stopwatch.</summary>
    public static Measurement Summarize(List<long> trips)
    {
        trips.Sort();
        double scale = 1e6 / Stopwatch.Frequency;
        return new Measurement(trips[trips.Count / 2] * scale, Tail: trips[(int)(trips.Count * 99L / 100)] * scale);
    }

    private struct Counter : IPacketConsumer
    {
        public long Bytes;

        public void Consume(in PacketView packet, Segment header) => Bytes += packet.Length;
    }
}
