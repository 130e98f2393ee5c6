using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>
/// Both ends asleep: a kick wakes the back-end, it returns a raw chain, a call wakes the client. The same client measures our Sink and a
/// back-end made with libvhost-user, QEMU's storage daemon, of which it asks the disk's name. Microseconds.
/// </summary>
internal static class WakeUp
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    /// <summary>Why there is nothing to compare with, or null.</summary>
    public static string? WhyMissing => Programs.WhyMissing(Programs.StorageDaemon);

    /// <summary>A packet to our Sink.</summary>
    public static Measurement Ours(TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder.Socket, ServerMode.Sink, poll: false, core: null); // as the daemon: on any core
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region);
        return Measure(client, 1, new byte[12 + 64], [], time);
    }

    /// <summary>GET_ID (virtio 1.3 §5.2.6) to the storage daemon.</summary>
    public static PeerRun LibvhostUser { get; } = new("libvhost-user", time =>
    {
        const byte getId = 8;
        using SocketFolder folder = new();
        string image = folder.File("disk");
        File.WriteAllBytes(image, new byte[1 << 20]);
        using StorageDaemon daemon = StorageDaemon.Start(folder.Socket, image, queues: 1);
        using SharedRegion region = Links.Region();
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "bench", Path = folder.Socket, Regions = [region], Device = ClientDevice.Other, QueueSize = DpdkRuns.QueueSize / 4, Retry = true,
        });
        byte[] head = new byte[16];
        head[0] = getId;
        return Measure(client, 0, head, [20, 1], time);
    });

    private static Measurement Measure(VhostClient client, int ring, byte[] readable, int[] writable, TimeSpan time)
    {
        var trips = new List<long>(1 << 16);
        Links.OnCore(DpdkRuns.FrontCore, () =>
        {
            long start = Stopwatch.GetTimestamp();
            TimeSpan warmup = 0.5 * time;
            while (Stopwatch.GetElapsedTime(start) < time + warmup)
            {
                long sent = Stopwatch.GetTimestamp();
                client.Post(ring, [readable], writable, Bound);
                if (Stopwatch.GetElapsedTime(start) > warmup) trips.Add(Stopwatch.GetTimestamp() - sent);
            }
        });
        return Latency.Summarize(trips);
    }
}
