using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.Interop;

namespace VhostUser.Bench;

/// <summary>How the cost of a packet, of idleness and of a session depends on how many there are.</summary>
internal static class Scaling
{
    private const int Burst = 32;
    private const int SmallRing = 256;
    private const string ServerThreads = "vhost s"; // the kernel's names of them begin so

    /// <summary>Processor time of the server per packet, in nanoseconds: one sender serves so many queue pairs of it in turn.</summary>
    public static Measurement QueuePairs(int pairs, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder.Socket, ServerMode.Sink, poll: false, pairs: pairs);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region, pairs: pairs, size: SmallRing);
        return CostOf([.. Enumerable.Range(0, pairs).Select(pair => (client, client.TransmitterOf(2 * pair + 1)))], time);
    }

    /// <summary>The same over so many servers, each with a thread, a client and a ring of its own.</summary>
    public static Measurement Servers(int count, TimeSpan time)
    {
        using var sessions = new Sessions(count);
        return CostOf([.. sessions.Clients.Select(client => (client, client.TransmitterOf(1)))], time);
    }

    /// <summary>Resident kilobytes of this process for each server that has a client, without what the client's ring and buffers take in the region.</summary>
    public static Measurement MemoryPerServer(int count)
    {
        using (var first = new Sessions(1)) { } // what is there once for all is there before
        long before = Resident();
        using var sessions = new Sessions(count);
        return new Measurement((Resident() - before) / 1024.0 / count);
    }

    /// <summary>Percent of a core that the server's thread takes at so many packets per second, evenly spaced by the sender's clock in steps of a millisecond.</summary>
    public static Measurement CoreUse(bool poll, double rate, TimeSpan time)
    {
        using SocketFolder folder = new();
        using VhostServer server = Links.Server(folder, ServerMode.Sink, poll: poll);
        using SharedRegion region = Links.Region();
        using VhostClient client = Links.Client(folder.Socket, region);
        double share = 0;
        Links.OnCore(DpdkRuns.FrontCore, () =>
        {
            byte[] frame = PacketBuilder.Build(new PacketSpec { Length = 64 }).Bytes.ToArray();
            var pace = new SendPace(rate);
            client.Send(frame, 1, (long)(rate * 0.2), pace, TimeSpan.FromSeconds(10), CancellationToken.None); // warm
            pace = new SendPace(rate);
            TimeSpan before = ServerTime();
            long start = Stopwatch.GetTimestamp();
            client.Send(frame, 1, (long)(rate * time.TotalSeconds), pace, TimeSpan.FromSeconds(10), CancellationToken.None);
            share = 100 * (ServerTime() - before) / Stopwatch.GetElapsedTime(start);
        });
        return new Measurement(share);
    }

    private static Measurement CostOf((VhostClient Client, NetTransmitter Transmitter)[] rings, TimeSpan time)
    {
        long packets = 0;
        TimeSpan used = default;
        Links.OnCore(DpdkRuns.FrontCore, () =>
        {
            byte[] frame = PacketBuilder.Build(new PacketSpec { Length = 64 }).Bytes.ToArray();
            Pump(0.3 * time);
            packets = 0;
            TimeSpan before = ServerTime();
            Pump(time);
            used = ServerTime() - before;

            void Pump(TimeSpan span)
            {
                long start = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(start) < span)
                {
                    foreach ((VhostClient client, NetTransmitter transmitter) in rings) packets += client.SendBurst(transmitter, frame, Burst);
                }
            }
        });
        return new Measurement(used.TotalNanoseconds / packets);
    }

    // The first field of schedstat is the time on a core, in nanoseconds.
    private static TimeSpan ServerTime()
    {
        double nanoseconds = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            if (File.ReadAllText($"{task}/comm").StartsWith(ServerThreads, StringComparison.Ordinal))
                nanoseconds += long.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        }
        return TimeSpan.FromMicroseconds(nanoseconds / 1000);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Servers that sleep when nothing comes, each with a client; one region for all.</summary>
    private sealed class Sessions : IDisposable
    {
        private readonly SocketFolder _folder = new();
        private readonly SharedRegion _region;
        private readonly List<VhostServer> _servers = [];

        public Sessions(int count)
        {
            _region = Links.Region(count * (2 << 20) + (2 << 20));
            for (int i = 0; i < count; i++)
            {
                string socket = _folder.File($"s{i}.sock");
                _servers.Add(Links.Server(socket, ServerMode.Sink, poll: false, core: null));
                Clients.Add(Links.Client(socket, _region, size: SmallRing));
            }
        }

        public List<VhostClient> Clients { get; } = [];

        public void Dispose()
        {
            foreach (VhostClient client in Clients) client.Dispose();
            foreach (VhostServer server in _servers) server.Dispose();
            _region.Dispose();
            _folder.Dispose();
        }
    }
}
