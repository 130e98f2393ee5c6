using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Endpoints.PathTest;

/// <summary>Paths through servers that do known harm, and what the test says of them.</summary>
public sealed class VhostPathTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        foreach (IDisposable one in _open.AsEnumerable().Reverse()) one.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void An_echo_loses_nothing_and_the_figures_agree()
    {
        VhostClient client = Open("vm0", ServerMode.Echo);
        VhostPathResult result = Test(client, rate: 2000, sizes: [60, 64, 1500, 9000]);
        Assert.InRange(result.Sent, 100, 2000);
        Assert.Equal((result.Sent, 0, 0.0, 0, 0, 0, 0), (result.Received, result.Lost, result.LostPercent, result.Duplicates, result.Reordered, result.Corrupt, result.Foreign));
        TimeSpan[] rising = [TimeSpan.Zero, result.LatencyMin, result.LatencyP50, result.LatencyP90, result.LatencyP99, result.LatencyP999, result.LatencyMax];
        Assert.Equal(rising.Order(), rising);
        Assert.InRange(result.LatencyMean, result.LatencyMin, result.LatencyMax);
        Assert.True(result.LatencyMin > TimeSpan.Zero && result.Jitter > TimeSpan.Zero);
        Assert.Equal(result.Received, result.Histogram.Sum(bucket => bucket.Count));
        Assert.All(result.Histogram.Zip(result.Histogram.Skip(1)), pair => Assert.Equal(pair.First.Below, pair.Second.From));
        Assert.InRange(result.ReceivedBitsPerSecond, 8 * result.Received * 60 / result.Duration.TotalSeconds, 8.0 * result.Received * 9000 / result.Duration.TotalSeconds);
    }

    [Fact]
    public void A_bridge_carries_from_one_client_to_another()
    {
        VhostClient from = Open("a", ServerMode.Sink, out VhostServer one);
        VhostClient to = Open("b", ServerMode.Sink, out VhostServer other);
        var bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
        _open.Add(bridge);
        bridge.AddServer(one);
        bridge.AddServer(other);
        VhostPathResult result = VhostPath.Test(new VhostPathOptions { From = from, To = to, Duration = TimeSpan.FromSeconds(0.2), Rate = 1000, Patience = TimeSpan.FromSeconds(10), Template = PacketBuilder.Build(new PacketSpec { VlanId = 5 }) }, default);
        Assert.Equal(("a", "b", 0), (result.From, result.To, result.Lost));
        Assert.InRange(result.Received, 10, 201);
    }

    [Fact]
    public void Loss_duplicates_order_changes_and_strangers_are_counted()
    {
        int seen = 0;
        byte[]? held = null;
        var last = new byte[60];
        VhostClient client = Open("vm0", (_, _, frame) =>
        {
            byte[] copy = frame.ToArray();
            switch (seen++ % 6)
            {
                case 0: return [];                                  // lost
                case 1: return [copy, copy];                        // twice
                case 2: copy[^1] ^= 1; return [copy];               // changed
                case 3: held = copy; return [];                     // later …
                case 4: return [copy, held!];                       // … behind the next one
                default: return [copy, last];                       // and a stranger
            }
        });
        VhostPathResult result = Test(client, rate: 500);
        long rounds = result.Sent / 6;
        Assert.True(rounds > 5);
        Assert.InRange(result.Lost, 2 * rounds, 2 * rounds + 3);      // lost and changed, and what the last round held back
        Assert.InRange(result.Duplicates, rounds, rounds + 1);
        Assert.InRange(result.Corrupt, rounds, rounds + 1);
        Assert.InRange(result.Reordered, rounds, rounds + 1);
        Assert.InRange(result.Foreign, rounds, rounds + 1);
        Assert.Equal(100.0 * result.Lost / result.Sent, result.LostPercent);
    }

    [Fact]
    public void A_path_on_which_nothing_comes_loses_all()
    {
        VhostPathResult result = VhostPath.Test(new VhostPathOptions { From = Open("vm0", ServerMode.Sink), To = _client!, Duration = TimeSpan.FromSeconds(0.1), Patience = TimeSpan.FromSeconds(0.1) }, default);
        Assert.Equal((result.Sent, 100.0, 0), (result.Lost, result.LostPercent, result.Received));
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, 0), (result.LatencyMin, result.LatencyMax, result.Histogram.Length));
    }

    [Fact]
    public void As_fast_as_the_ring_takes_them_is_rate_zero()
    {
        VhostPathResult result = Test(Open("vm0", ServerMode.Echo), rate: 0);
        Assert.True(result.Sent > 1000);
        Assert.Equal((0, 0, 0), (result.Duplicates, result.Reordered, result.Corrupt));
    }

    [Fact]
    public void It_stops_at_once_and_a_peer_that_goes_is_an_error()
    {
        VhostClient client = Open("vm0", ServerMode.Echo, out VhostServer server);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => VhostPath.Test(Options(client) with { Duration = TimeSpan.FromHours(1) }, stop.Token, (_, sent, _) => stop.Cancel()));
        var gone = Assert.Throws<VhostException>(() => VhostPath.Test(Options(client) with { Duration = TimeSpan.FromMinutes(5) }, default, (_, _, _) => server.Dispose()));
        Assert.Equal(VhostError.PeerDisconnected, gone.Error);
    }

    [Fact]
    public void What_can_not_be_tested_is_said()
    {
        VhostClient client = Open("vm0", ServerMode.Echo);
        Assert.Equal(VhostError.InvalidArgument, Refusal(Options(client) with { PacketSizes = [64, 59] }));
        Assert.Equal(VhostError.InvalidArgument, Refusal(Options(client) with { PacketSizes = [] }));
        Assert.Equal(VhostError.InvalidArgument, Refusal(Options(client) with { Duration = TimeSpan.Zero }));
        Assert.Equal(VhostError.InvalidArgument, Refusal(Options(client) with { Template = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp }) }));
        Assert.Equal(VhostError.RingIndexInvalid, Refusal(Options(client) with { Queue = 0 }));
        Assert.Equal(VhostError.PacketTooLarge, Refusal(Options(client) with { PacketSizes = [70_000] }));
    }

    private VhostClient? _client;

    private static VhostError Refusal(VhostPathOptions options) => Assert.Throws<VhostException>(() => VhostPath.Test(options, default)).Error;

    private static VhostPathOptions Options(VhostClient client) => new() { From = client, To = client, Rate = 1000 };

    // A machine under load may take its time with the last ones.
    private static VhostPathResult Test(VhostClient client, double rate, params int[] sizes) => VhostPath.Test(Options(client) with
    {
        Duration = TimeSpan.FromSeconds(0.5), Rate = rate, Patience = TimeSpan.FromSeconds(5), PacketSizes = sizes.Length == 0 ? [64] : sizes,
    }, default);

    private VhostClient Open(string name, ServerMode mode) => Open(name, mode, out _);

    private VhostClient Open(string name, ServerMode mode, out VhostServer server) => Open(name, new VhostServerOptions { Name = "s" + name, Path = At(name), Mode = mode }, out server);

    private VhostClient Open(string name, VhostUser.Devices.Net.PacketHandler handler) =>
        Open(name, new VhostServerOptions { Name = "s" + name, Path = At(name), Mode = ServerMode.Script, Handler = handler }, out _);

    private VhostClient Open(string name, VhostServerOptions options, out VhostServer server)
    {
        server = VhostServer.Start(options);
        _open.Add(server);
        _client = VhostClient.Connect(new VhostClientOptions { Name = name, Path = At(name), Regions = [_region], BufferSize = 9216, QueueSize = 128 });
        _open.Add(_client);
        return _client;
    }

    private string At(string name) => Path.Combine(_directory, name + ".sock");
}
