using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.LinkProcess;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>Two ends of a link in one process, each with a server and a front-end.</summary>
public abstract class LinkTest : IDisposable
{
    protected static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("link").FullName;
    private readonly List<IDisposable> _things = [];

    public virtual void Dispose()
    {
        foreach (IDisposable thing in Enumerable.Reverse(_things)) thing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private protected T Keep<T>(T thing) where T : IDisposable
    {
        _things.Add(thing);
        return thing;
    }

    private protected string Socket(string name) => Path.Combine(_folder, name + ".sock");

    private protected VhostServer Server(string name, int pairs = 1) => Keep(VhostServer.Start(new VhostServerOptions { Name = name, Path = Socket(name), QueuePairs = pairs }));

    private protected VhostClient Guest(string server, int pairs = 1, VhostClientOptions? like = null)
    {
        SharedRegion region = Keep(SharedRegion.Create(new SharedRegionOptions { Name = server, Size = (8 + 24 * pairs) << 20 }));
        like ??= new VhostClientOptions { Name = "", Path = "", Regions = [], QueueSize = 512, BufferSize = 4096 };
        return Keep(VhostClient.Connect(like with { Name = server + "-guest", Path = Socket(server), Regions = [region], QueuePairs = pairs }));
    }

    private protected IbTransport Listen(VhostServer server, IbTransportOptions? like = null) => Keep(IbTransport.Create((like ?? Options) with { Name = server.Name, Listen = "127.0.0.1", Port = 0 }, server));

    private protected IbTransport Connect(VhostServer server, IbTransport to, IbTransportOptions? like = null) => Keep(IbTransport.Create((like ?? Options) with { Name = server.Name, Connect = "127.0.0.1", Port = PortOf(to) }, server));

    private protected static IbTransportOptions Options => new() { Name = "", DropAfter = TimeSpan.FromSeconds(60), Provider = LinkProvider.Tcp };

    private protected static int PortOf(IbTransport link) => int.Parse(link.Snapshot().Address.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture);

    private protected static void AwaitUp(params IbTransport[] links)
    {
        foreach (IbTransport link in links) Assert.True(link.WaitFor([IbTransportState.Up], Bound), $"{link.Name}: {link.Snapshot().Fault}");
    }

    private protected static void Await(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Bound, $"{what} did not come about");
            Thread.Sleep(10);
        }
    }

    /// <summary>Traffic both ways on all pairs at once; fails when a packet is lost, repeated, altered or out of order.</summary>
    private protected static void Exchange(VhostClient a, VhostClient b, int pairs, long packets, int minimum = 64, int maximum = 9000)
    {
        (LinkTraffic A, LinkTraffic B)[] traffic = [.. Enumerable.Range(0, pairs).Select(pair => (new LinkTraffic(a, pair, minimum, maximum), new LinkTraffic(b, pair, minimum, maximum)))];
        Task<bool>[] running = [.. traffic.SelectMany(pair => (LinkTraffic[])[pair.A, pair.B]).Select(end => Task.Factory.StartNew(() => end.Run(packets, TimeSpan.FromSeconds(120), lossy: false), TaskCreationOptions.LongRunning))];
        Task.WaitAll(running);
        Assert.All(running, end => Assert.True(end.Result, string.Join("; ", traffic.Select(pair => $"A {pair.A.Sent}/{pair.A.Received} B {pair.B.Sent}/{pair.B.Received}"))));
    }

    /// <summary>One packet from one guest to another.</summary>
    private protected static void Pass(VhostClient from, VhostClient to, string text)
    {
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = text });
        from.Send(packet.Bytes.Span, 1, 1, 0, Bound, default);
        var received = new List<ReceivedPacket>();
        Assert.Equal(1, to.Receive(received, 0, 1, Bound, default));
        Assert.Equal(packet.Bytes.ToArray(), received[0].Bytes.ToArray());
    }
}
