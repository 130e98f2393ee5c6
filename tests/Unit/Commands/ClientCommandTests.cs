using System.Diagnostics;
using VhostUser.Commands;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class ClientCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();
    private readonly SharedRegion _region;

    public ClientCommandTests()
    {
        _region = new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = "16MB" }).Run().Single<SharedRegion>();
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name("sw"), Path = _session.Socket(), Mode = "Echo" }).Run();
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void Connect_writes_a_live_client_that_runs_in_the_region()
    {
        var client = Connect(new { QueueSize = 64, Timeout = 5 }).Run().Single<VhostClient>();
        Assert.Equal(EndpointState.Running, client.State);
        Assert.Equal([client.Name], _region.Snapshot().Clients);
        Assert.Equal(64, Get().Single<VhostClientInfo>().QueueSize);
    }

    [Fact]
    public void Feature_RingPacked_makes_packed_rings_of_any_size()
    {
        var client = Connect(new { QueueSize = 100, Feature = new[] { VirtioFeatures.RingPacked } }).Run().Single<VhostClient>();
        VringState[] rings = [.. new CmdletRunner<GetVringStateCommand>().With(new { Client = client.Name }).Run().Output.Cast<VringState>()];
        Assert.All(rings, ring => Assert.Equal(("Packed", 100, "ok"), (ring.Layout, ring.Size, ring.Verdict[..2])));
        Assert.Equal((0, false, 0, true), (rings[0].AvailableOffset, rings[0].AvailableWrap, rings[0].UsedOffset, rings[0].UsedWrap)); // a lap of buffers is posted
    }

    [Fact]
    public void Connect_with_WhatIf_connects_nothing()
    {
        Assert.Single(Connect(new { }).WhatIf().Run().ShouldProcess);
        Assert.Empty(Get().Output);
    }

    [Fact]
    public void Excluded_features_are_not_negotiated_and_told_in_verbose()
    {
        var result = Connect(new { ExcludeFeature = new[] { VirtioFeatures.EventIdx, VirtioFeatures.InOrder } }).Run();
        string[] features = result.Single<VhostClient>().Snapshot().Features;
        Assert.DoesNotContain(nameof(VirtioFeatures.EventIdx), features);
        Assert.DoesNotContain(nameof(VirtioFeatures.InOrder), features);
        Assert.Contains(result.Verbose, line => line.Contains(nameof(VirtioFeatures.EventIdx)));
    }

    [Fact]
    public void A_region_that_is_not_there_is_an_error_and_the_name_stays_free()
    {
        var result = new CmdletRunner<ConnectVhostClientCommand>()
            .With(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("none") }).Run();
        Assert.Equal([nameof(VhostError.HandleNotFound)], result.ErrorIds);
        Assert.Single(Connect(new { }).Run().Output);
    }

    [Theory]
    [InlineData("QueueSize", 100, VhostError.RingSizeInvalid)]
    [InlineData("QueuePairs", 0, VhostError.InvalidArgument)]
    [InlineData("BufferSize", "1GB", VhostError.InvalidArgument)]
    [InlineData("QueueSize", 32768, VhostError.RegionTooSmall)]
    [InlineData("Feature", VirtioFeatures.SrIov, VhostError.FeatureMissing)]
    public void What_cannot_be_is_refused_and_the_region_is_free_again(string parameter, object value, VhostError error)
    {
        var result = Connect(new Dictionary<string, object> { [parameter] = value }).Run();
        Assert.Equal([error.ToString()], result.ErrorIds);
        Assert.Empty(_region.Snapshot().Clients);
        Assert.Equal(0, _region.Snapshot().Used);
    }

    [Theory]
    [InlineData("Retry", "nobody.sock")]
    [InlineData("Listen", "listen.sock")]
    public void Connect_is_stopped_within_a_second(string how, string socket)
    {
        var running = Connect(new Dictionary<string, object> { [how] = true, ["Timeout"] = 60 }, socket).Start()
            .WaitFor(_ => _region.Snapshot().Clients.Length > 0);
        var watch = Stopwatch.StartNew();
        var result = running.Stop().Result();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1));
        Assert.True(result.Stopped);
        Assert.Empty(result.Errors);
        Assert.Empty(_region.Snapshot().Clients);
        Assert.False(File.Exists(_session.Socket(socket)));
    }

    [Fact]
    public void Disconnect_gives_the_memory_back_and_frees_the_name()
    {
        var client = Connect(new { }).Run().Single<VhostClient>();
        Assert.Single(new CmdletRunner<DisconnectVhostClientCommand>().WhatIf().RunOver(client).ShouldProcess);
        Assert.Equal(EndpointState.Running, client.State);

        var last = new CmdletRunner<DisconnectVhostClientCommand>().With(new { PassThru = true }).RunOver(Get().Output.ToArray()).Single<VhostClientInfo>();
        Assert.Equal(EndpointState.Stopped, last.State);
        Assert.Equal(0, _region.Snapshot().Used);
        Assert.Single(Connect(new { }).Run().Output);
    }

    [Fact]
    public void A_region_in_use_stays_and_goes_with_Force()
    {
        var client = Connect(new { }).Run().Single<VhostClient>();
        Assert.Equal([nameof(VhostError.RegionInUse)], new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { Name = _region }).Run().ErrorIds);
        Assert.False(_region.IsDisposed);
        var forced = new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { Name = _region, Force = true }).Run();
        Assert.Empty(forced.Errors);
        Assert.True(_region.IsDisposed);
        Assert.Equal(EndpointState.Stopped, client.State);
    }

    private CmdletRunner<ConnectVhostClientCommand> Connect(object more, string socket = "a.sock") =>
        new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = _session.Name("vm"), Path = _session.Socket(socket), Region = _region }).With(more);

    private CmdletResult Get() => new CmdletRunner<GetVhostClientCommand>().With(new { Name = _session.All }).Run();
}
