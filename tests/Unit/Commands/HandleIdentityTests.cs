using System.Management.Automation;
using VhostUser.Commands;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>Objects that Get cmdlets wrote mean the handle they show, never a successor of its name; names may be positional.</summary>
public sealed class HandleIdentityTests : IDisposable
{
    private readonly ModuleSession _session = new();
    private readonly string _name;

    public HandleIdentityTests() => _name = _session.Name("x");

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_photograph_of_a_server_does_not_stop_its_successor()
    {
        StartServer();
        VhostServerInfo info = Servers().Single<VhostServerInfo>();
        Assert.Empty(new CmdletRunner<GetVhostServerCommand>().With(new { Name = info }).Run().ErrorIds);
        StopServer(_name);
        AssertClosed(StopServer(info), "is closed");
        VhostServer successor = StartServer();
        AssertClosed(StopServer(info), "another one has its name");
        Assert.Equal(EndpointState.Listening, successor.State);
        CmdletResult states = new CmdletRunner<GetVringStateCommand>().With(new { InputObject = new PSObject(info) }).InParameterSet("Any").Run();
        AssertClosed(states, "another one has its name");
    }

    [Fact]
    public void A_photograph_of_a_region_does_not_remove_its_successor()
    {
        MakeRegion();
        var info = new CmdletRunner<GetVhostSharedRegionCommand>().With(new { Name = _name }).Run().Single<SharedRegionInfo>();
        RemoveRegion(_name);
        SharedRegion successor = MakeRegion();
        AssertClosed(RemoveRegion(info), "another one has its name");
        Assert.False(successor.IsDisposed);
    }

    [Fact]
    public void A_photograph_of_a_client_does_not_disconnect_its_successor()
    {
        StartServer();
        MakeRegion();
        Connect();
        var info = new CmdletRunner<GetVhostClientCommand>().With(new { Name = _name }).Run().Single<VhostClientInfo>();
        Disconnect(_name);
        VhostClient successor = Connect();
        AssertClosed(Disconnect(info), "another one has its name");
        Assert.Equal(EndpointState.Running, successor.State);
    }

    [Fact]
    public void A_name_in_use_is_answered_with_the_cmdlet_that_frees_it()
    {
        MakeRegion();
        CmdletResult again = new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _name, Size = "1MB" }).Run();
        Assert.Contains("Remove-VhostSharedRegion " + _name, again.Errors[0].ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void A_name_finds_a_server_or_a_client_and_one_of_both_must_be_told_apart()
    {
        StartServer();
        Assert.Equal(["BackEnd", "BackEnd"], States(_name).Output.Cast<VringState>().Select(ring => ring.Role));
        MakeRegion();
        Connect();
        CmdletResult both = States(_name);
        Assert.Equal([nameof(VhostError.InvalidArgument)], both.ErrorIds);
        Assert.Contains($"-Client {_name}", both.Errors[0].ErrorDetails.RecommendedAction);
        Assert.Equal(4, States(_session.All).Output.Count);
    }

    [Fact]
    public void Each_packet_for_a_client_whose_server_has_gone_is_an_error_of_its_own()
    {
        StartServer();
        MakeRegion();
        Connect();
        StopServer(_name);
        CmdletResult sent = new CmdletRunner<SendVringPacketCommand>().With(new { Client = _name }).InParameterSet("Packet").RunOver("ffff", "ffff");
        Assert.Equal([nameof(VhostError.PeerDisconnected), nameof(VhostError.PeerDisconnected)], sent.ErrorIds);
        Assert.Null(sent.TerminatingErrorId);
    }

    [Theory]
    [InlineData("Rate", 5.0)]
    [InlineData("PacketSize", 100)]
    public void What_belongs_to_mode_Source_is_refused_for_another(string parameter, object value)
    {
        CmdletResult result = new CmdletRunner<StartVhostServerCommand>()
            .With(new { Name = _name, Path = _session.Socket(), Mode = "Echo" }).With(new Dictionary<string, object> { [parameter] = value }).Run();
        Assert.Equal([nameof(VhostError.InvalidArgument)], result.ErrorIds);
        Assert.Contains($"-{parameter} is for mode Source", result.Errors[0].Exception.Message);
    }

    private static void AssertClosed(CmdletResult result, string words)
    {
        Assert.Equal([nameof(VhostError.HandleClosed)], result.ErrorIds);
        Assert.Contains(words, result.Errors[0].Exception.Message);
    }

    private VhostServer StartServer() =>
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _name, Path = _session.Socket(), Mode = "Echo" }).Run().Single<VhostServer>();

    private SharedRegion MakeRegion() => new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _name, Size = "16MB" }).Run().Single<SharedRegion>();

    private VhostClient Connect() =>
        new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = _name, Path = _session.Socket(), Region = _name }).Run().Single<VhostClient>();

    private CmdletResult Servers() => new CmdletRunner<GetVhostServerCommand>().With(new { Name = _name }).Run();

    private static CmdletResult States(string name) =>
        new CmdletRunner<GetVringStateCommand>().With(new { InputObject = new PSObject(name) }).InParameterSet("Any").Run();

    private static CmdletResult StopServer(object name) => new CmdletRunner<StopVhostServerCommand>().With(new { Name = name }).Run();

    private static CmdletResult RemoveRegion(object name) => new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { Name = name }).Run();

    private static CmdletResult Disconnect(object name) => new CmdletRunner<DisconnectVhostClientCommand>().With(new { Name = name }).Run();
}
