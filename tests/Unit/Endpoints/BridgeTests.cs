using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>A bridge between live servers, each with a front-end of its own.</summary>
public sealed class BridgeTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
    private readonly VhostBridge _bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
    private readonly List<VhostServer> _servers = [];
    private readonly List<VhostClient> _clients = [];

    public void Dispose()
    {
        foreach (VhostClient client in _clients) client.Dispose();
        foreach (VhostServer server in _servers) server.Dispose();
        _bridge.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Packets_cross_from_guest_to_guest_and_stations_are_learned()
    {
        Start(3, join: true);
        Send(0, to: 1); // flooded: nobody knows 1
        Assert.Equal((true, true), (Receives(1), Receives(2)));
        Send(1, to: 0);
        Assert.True(Receives(0));
        Send(0, to: 1);
        Assert.Equal((true, false), (Receives(1), Receives(2, wait: false)));

        VhostBridgeInfo info = _bridge.Snapshot();
        Assert.Equal([("sw0", "02:00:00:00:00:00"), ("sw1", "02:00:00:00:00:01")], info.Stations.Select(station => (station.Port, station.MacAddress)));
        Assert.Equal([(2L, 1L, 0L), (1L, 1L, 1L), (0L, 0L, 1L)], info.Ports.Select(port => (port.PacketsIn, port.PacketsOut, port.Flooded)));
        Assert.All(info.Ports, port => Assert.True(port is { Kind: "Server", Up: true, Dropped: 0 }));
        Assert.All(_servers, server => Assert.Equal((EndpointState.Running, "br0"), (server.Snapshot().State, server.Snapshot().Bridge)));
    }

    [Fact]
    public void A_server_joins_and_leaves_while_its_session_goes_on()
    {
        Start(2, join: false);
        for (int round = 0; round < 20; round++)
        {
            Send(0, to: 1); // on its own a sink
            _bridge.AddServer(_servers[0]);
            _bridge.AddServer(_servers[1]);
            Send(0, to: 1);
            Assert.True(Receives(1));
            Assert.True(_bridge.Remove("sw0"));
            Assert.True(_bridge.Remove("SW1"));
            Assert.False(_bridge.Remove("sw1"));
        }
        Assert.Empty(_bridge.Snapshot().Ports);
        VhostServerInfo info = _servers[0].Snapshot();
        Assert.Equal((EndpointState.Running, 1, 40L, null, null), (info.State, info.Sessions, info.PacketsReceived, info.Fault, info.Bridge));
    }

    [Fact]
    public void A_port_may_be_joined_before_its_guest_comes_and_outlives_it()
    {
        Start(1, join: true);
        var late = VhostServer.Start(Options("sw1"));
        _servers.Add(late);
        _bridge.AddServer(late);
        Assert.False(_bridge.Snapshot().Ports[1].Up);
        Send(0, to: 1);
        Connect("sw1");
        Send(0, to: 1);
        Assert.True(Receives(1));
        _clients[1].Dispose();
        Assert.True(late.WaitFor([EndpointState.Listening], Soon));
        Send(0, to: 1);
        _clients[1] = NewClient("sw1");
        Send(0, to: 1);
        Assert.True(Receives(1));
        Assert.Equal(2, _bridge.Snapshot().Ports[1].Drops["ReceiveRingStopped"]);
    }

    [Fact]
    public void A_stopped_server_leaves_and_the_others_go_on()
    {
        Start(3, join: true);
        _servers[1].Dispose();
        Assert.Equal(["sw0", "sw2"], _bridge.Snapshot().Ports.Select(port => port.Name));
        Assert.Equal(EndpointState.Stopped, _servers[1].State);
        Send(0, to: 2);
        Assert.True(Receives(2));
    }

    [Fact]
    public void A_removed_bridge_gives_its_servers_back_and_takes_no_more()
    {
        Start(2, join: true);
        _bridge.Dispose();
        Send(0, to: 1);
        Assert.True(SpinWait.SpinUntil(() => _servers[0].Snapshot().PacketsReceived == 1, Soon));
        Assert.False(Receives(1, wait: false));
        Assert.Equal(VhostError.HandleClosed, Assert.Throws<VhostException>(() => _bridge.AddServer(_servers[0])).Error);
        Assert.True(_bridge.IsDisposed);
        Assert.Empty(_bridge.Snapshot().Ports);
    }

    [Fact]
    public void A_server_is_in_one_bridge_once_and_bad_VLANs_are_refused()
    {
        Start(1, join: true);
        using VhostBridge other = VhostBridge.Create(new VhostBridgeOptions { Name = "br1" });
        Assert.Equal(VhostError.NameInUse, Assert.Throws<VhostException>(() => other.AddServer(_servers[0])).Error);
        Assert.Equal(VhostError.NameInUse, Assert.Throws<VhostException>(() => _bridge.AddServer(_servers[0])).Error);
        Assert.True(_bridge.Remove("sw0"));
        foreach (int vlan in new[] { -1, 4095 })
        {
            Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => other.AddServer(_servers[0], new() { AccessVlan = vlan })).Error);
            Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => other.AddServer(_servers[0], new() { Trunk = [vlan] })).Error);
        }
        Assert.Empty(other.Snapshot().Ports);
        other.AddServer(_servers[0], new() { AccessVlan = 10, Trunk = [20, 30], Group = 2 });
        VhostBridgePortInfo port = Assert.Single(other.Snapshot().Ports);
        Assert.Equal((10, 2), (port.AccessVlan, port.Group));
        Assert.Equal([20, 30], port.Trunk);
    }

    [Fact]
    public void A_thousand_packets_keep_their_order_and_bytes_across_all_queue_pairs()
    {
        Start(2, join: true, queuePairs: 4);
        Send(1, to: 0);
        Assert.True(Receives(0));
        for (int i = 0; i < 1000; i++)
        {
            int pair = i % 4;
            byte[] frame = PacketBuilder.Build(new() { SourceMac = Mac(0), DestinationMac = Mac(1), PayloadText = "packet " + i, Length = 60 + i }).Bytes.ToArray();
            Assert.Equal(1, _clients[0].Send(frame, 2 * pair + 1, 1, 0, Soon, default));
            var received = new List<ReceivedPacket>();
            Assert.Equal(1, _clients[1].Receive(received, 2 * pair, 1, Soon, default));
            Assert.Equal(frame, received[0].Bytes.ToArray());
        }
    }

    private static MacAddress Mac(int guest) => MacAddress.Parse($"02:00:00:00:00:{guest:x2}");

    private void Start(int count, bool join, int queuePairs = 1)
    {
        for (int i = 0; i < count; i++)
        {
            _servers.Add(VhostServer.Start(Options($"sw{i}") with { QueuePairs = queuePairs }));
            if (join) _bridge.AddServer(_servers[i]);
            Connect($"sw{i}", queuePairs);
        }
    }

    private VhostServerOptions Options(string name) => new() { Name = name, Path = Path.Combine(_directory, name) };

    private void Connect(string server, int queuePairs = 1) => _clients.Add(NewClient(server, queuePairs));

    private VhostClient NewClient(string server, int queuePairs = 1) =>
        VhostClient.Connect(new() { Name = "vm-" + server, Path = Path.Combine(_directory, server), Regions = [_region], QueuePairs = queuePairs });

    private void Send(int from, int to) =>
        Assert.Equal(1, _clients[from].Send(PacketBuilder.Build(new() { SourceMac = Mac(from), DestinationMac = Mac(to) }).Bytes.Span, 1, 1, 0, Soon, default));

    /// <summary>Whether a guest gets exactly one packet.</summary>
    private bool Receives(int guest, bool wait = true) =>
        _clients[guest].Receive([], 0, 1, wait ? Soon : TimeSpan.FromMilliseconds(50), default) == 1;
}
