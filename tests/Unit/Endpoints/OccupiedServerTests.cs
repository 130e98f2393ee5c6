using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>A second front-end at a server that has one, and visitors that are no front-ends.</summary>
public sealed class OccupiedServerTests : TrapTest
{
    [Fact]
    public void A_second_front_end_is_told_of_the_first_and_the_server_says_who_came_and_who_is_there()
    {
        using VhostServer server = Serve();
        using RawFrontEnd first = ConnectAndStart();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 4 << 20 });
        VhostException turned = Assert.Throws<VhostException>(() => VhostClient.Connect(Options(region)));
        Assert.Equal(VhostError.PeerDisconnected, turned.Error);
        Assert.Contains("another front-end", turned.Message);
        Assert.Contains("Get-VhostServer", turned.RecommendedAction);
        VhostServerInfo info = server.Snapshot();
        Assert.Equal((1, 1), (info.Sessions, info.Rejected));
        Assert.Equal(nameof(VhostError.ServerOccupied), info.LastRefusalId);
        Assert.Matches($@"pid {Environment.ProcessId} \(\S+\), was turned away: pid {Environment.ProcessId} \(\S+\) has been here since \d\d:\d\d:\d\d", info.LastRefusal);
        // What the first one does meanwhile is fine, and does not bring back an older refusal.
        AssertPasses(first, server);
        Assert.Equal(0UL, first.Ask(FrontEndRequest.SetOwner));
        Assert.Equal(nameof(VhostError.ServerOccupied), server.Snapshot().LastRefusalId);
    }

    [Fact]
    public async Task With_Retry_a_second_front_end_waits_until_the_first_has_gone()
    {
        using VhostServer server = Serve();
        RawFrontEnd first = ConnectAndStart();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 4 << 20 });
        Task<VhostClient> second = Task.Run(() => VhostClient.Connect(Options(region) with { Retry = true }));
        Assert.True(SpinWait.SpinUntil(() => server.Snapshot().Rejected >= 2, Soon));
        Assert.False(second.IsCompleted);
        first.Dispose();
        using VhostClient client = await second.WaitAsync(Soon);
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Fact]
    public void A_program_that_looks_whether_somebody_listens_is_no_session_and_not_turned_away()
    {
        using VhostServer server = Serve();
        var states = new List<EndpointState>();
        server.StateChanged += (_, _) => states.Add(server.State);
        Probe();
        Assert.Equal((0, 0), (server.Snapshot().Sessions, server.Snapshot().Rejected));
        Assert.Empty(states);
        using RawFrontEnd first = ConnectAndStart();
        Probe();
        AssertPasses(first, server);
        VhostServerInfo info = server.Snapshot();
        Assert.Equal((1, 0), (info.Sessions, info.Rejected));
        Assert.Null(info.LastRefusal);
    }

    private void Probe()
    {
        for (int i = 0; i < 20; i++)
            Assert.Equal(VhostError.SocketInUse, Assert.Throws<VhostException>(() => Serve(options => options with { Force = true })).Error);
    }

    private VhostClientOptions Options(SharedRegion region) => new() { Name = "vm1", Path = SocketPath, Regions = [region], QueueSize = 64, Timeout = Soon };
}
