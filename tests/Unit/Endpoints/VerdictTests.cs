using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>Each verdict of a live server and client, when its condition holds.</summary>
public sealed class VerdictTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });

    private string SocketPath => System.IO.Path.Combine(_directory, "lab.sock");

    public void Dispose()
    {
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_server_without_a_front_end_says_where_it_listens()
    {
        using VhostServer server = StartServer(ServerMode.Sink);
        VringState[] rings = server.GetVringStates();
        Assert.Equal([0, 1], rings.Select(ring => ring.Queue));
        Assert.All(rings, ring => Assert.Equal($"stopped: no front-end is connected; the server listens on {SocketPath}", ring.Verdict));
        Assert.Equal(VhostError.RingIndexInvalid, Assert.Throws<VhostException>(() => server.GetVringStates(2)).Error);
    }

    [Fact]
    public void A_server_that_connects_says_whom_it_misses()
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Connect = true });
        Assert.Equal($"stopped: no front-end listens on {SocketPath}; the server keeps trying", server.GetVringStates(0)[0].Verdict);
    }

    [Fact]
    public void A_stopped_server_says_so()
    {
        VhostServer server = StartServer(ServerMode.Sink);
        server.Dispose();
        Assert.Equal("stopped: the server was stopped", server.GetVringStates(1)[0].Verdict);
    }

    [Fact]
    public void Both_ends_say_what_has_not_happened_yet()
    {
        using VhostServer server = StartServer(ServerMode.Echo);
        using VhostClient client = Connect();
        Assert.Equal("ok; nothing has been sent yet", VerdictOf(client, 1));
        Assert.Equal("ok; 64 buffers are posted and the back-end has sent nothing yet", VerdictOf(client, 0));
        Assert.Equal("ok; the front-end has sent nothing yet", VerdictOf(server, 1));
        Assert.Equal("ok", VerdictOf(server, 0));
    }

    [Fact]
    public void Drops_are_part_of_the_verdict_with_their_reason()
    {
        using VhostServer server = StartServer(ServerMode.Echo);
        using VhostClient client = Connect();
        client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 100, 0, Patience, default);
        WaitUntil(() => server.Snapshot().PacketsReceived == 100);
        Assert.Contains("; dropped: 36 NoReceiveBuffer", VerdictOf(server, 0));
        Assert.StartsWith("the front-end has no free receive buffer: the next packet for it will be dropped", VerdictOf(server, 0));
        Assert.Equal("packets wait to be received", VerdictOf(client, 0));
    }

    [Fact]
    public void A_chain_shorter_than_the_header_makes_the_server_ask_for_the_header_length()
    {
        using VhostServer server = StartServer(ServerMode.Sink);
        using VhostClient client = Connect();
        client.Post(1, [new byte[10]], [], Patience);
        Assert.Equal("ok; the front-end has sent nothing yet; dropped: 1 ShorterThanHeader (does the peer use a virtio-net header of 12 bytes too?)", VerdictOf(server, 1));
    }

    [Fact]
    public void A_client_says_that_the_back_end_has_gone()
    {
        VhostServer server = StartServer(ServerMode.Sink);
        using VhostClient client = Connect();
        server.Dispose();
        Assert.Equal("the back-end closed the connection", VerdictOf(client, 1));
    }

    [Fact]
    public void A_ring_that_the_back_end_does_not_serve_is_full_in_words()
    {
        using var hang = new ManualResetEventSlim();
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0", Path = SocketPath, Mode = ServerMode.Script,
            Handler = (queue, header, frame) =>
            {
                hang.Wait(TimeSpan.FromSeconds(20));
                return [];
            },
        });
        using VhostClient client = Connect();
        try
        {
            VhostException full = Assert.Throws<VhostException>(() => client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 1000, 0, TimeSpan.FromSeconds(0.2), default));
            Assert.Equal(VhostError.RingFull, full.Error);
            Assert.StartsWith("the ring is full: 64 packets wait and the back-end has returned none", VerdictOf(client, 1));
        }
        finally
        {
            hang.Set();
        }
    }

    private static string VerdictOf(VhostClient client, int queue) => client.GetVringStates(queue)[0].Verdict;

    private static string VerdictOf(VhostServer server, int queue) => server.GetVringStates(queue)[0].Verdict;

    private static void WaitUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, Patience), "The condition did not come true in time.");

    private VhostServer StartServer(ServerMode mode) => VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = mode });

    private VhostClient Connect() => VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [_region], QueueSize = 64 });
}
