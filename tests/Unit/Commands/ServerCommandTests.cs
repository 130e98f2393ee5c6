using System.Diagnostics;
using VhostUser.Commands;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class ServerCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void Start_writes_a_live_server_that_listens()
    {
        var server = Start("sw", new { Mode = "Echo" }).Single<VhostServer>();
        Assert.Equal(EndpointState.Listening, server.State);
        Assert.True(File.Exists(_session.Socket()));
        Assert.Equal(ServerMode.Echo, Get().Single<VhostServerInfo>().Mode);
    }

    [Fact]
    public void Start_with_WhatIf_makes_no_socket()
    {
        var result = Runner("sw", new { }).WhatIf().Run();
        Assert.Single(result.ShouldProcess);
        Assert.False(File.Exists(_session.Socket()));
        Assert.Empty(Get().Output);
    }

    [Theory]
    [InlineData("0640", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead)]
    [InlineData(600, UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    public void The_socket_file_has_the_mode_in_octal_digits(object mode, UnixFileMode expected)
    {
        Start("sw", new { SocketMode = mode });
        Assert.Equal(expected, File.GetUnixFileMode(_session.Socket()));
    }

    [Fact]
    public void A_failed_start_frees_the_name_and_says_why()
    {
        File.WriteAllText(_session.Socket(), "a file");
        var result = Start("sw", new { Force = true });
        Assert.Equal([nameof(VhostError.SocketForeignFile)], result.ErrorIds);
        Assert.True(File.Exists(_session.Socket()));
        Assert.Single(Start("sw", new { }, "b.sock").Output);
    }

    [Fact]
    public void A_tap_name_implies_mode_Tap_and_contradicts_another() =>
        Assert.Equal([nameof(VhostError.InvalidArgument)], Start("sw", new { Mode = "Echo", Tap = "tap0" }).ErrorIds);

    [Fact]
    public void Mode_Script_without_script_is_refused() =>
        Assert.Equal([nameof(VhostError.InvalidArgument)], Start("sw", new { Mode = "Script" }).ErrorIds);

    [Fact]
    public void Stop_by_pattern_removes_the_socket_and_passes_the_last_photograph_on()
    {
        Start("a", new { });
        Start("b", new { }, "b.sock");
        var result = new CmdletRunner<StopVhostServerCommand>().With(new { Name = _session.All, PassThru = true }).Run();
        Assert.All(result.Output.Cast<VhostServerInfo>(), info => Assert.Equal(EndpointState.Stopped, info.State));
        Assert.Equal(2, result.Output.Count);
        Assert.Empty(Directory.GetFiles(_session.Folder));
        Assert.Empty(Get().Output);
    }

    [Fact]
    public void Stop_with_WhatIf_stops_nothing()
    {
        var server = Start("a", new { }).Single<VhostServer>();
        new CmdletRunner<StopVhostServerCommand>().With(new { Name = server }).WhatIf().Run();
        Assert.Equal(EndpointState.Listening, server.State);
    }

    [Fact]
    public void A_server_that_its_owner_disposed_frees_its_name()
    {
        Start("a", new { }).Single<VhostServer>().Dispose();
        Assert.Empty(Get().Output);
        Assert.Single(Start("a", new { }).Output);
    }

    [Fact]
    public void Wait_ends_at_once_in_the_state_and_times_out_with_the_remedy_in_another()
    {
        Start("a", new { });
        Assert.Single(Wait(new { State = "Listening" }).Run().Output);
        var result = Wait(new { Timeout = "300ms" }).Run();
        Assert.Equal([nameof(VhostError.PeerTimeout)], result.ErrorIds);
        Assert.Contains(_session.Socket(), result.Errors[0].ErrorDetails.RecommendedAction);
        Assert.NotEmpty(result.Progress);
    }

    [Fact]
    public void Wait_is_stopped_within_a_second()
    {
        Start("a", new { });
        var running = Wait(new { }).Start().WaitFor(so => so.Progress.Count > 0);
        var watch = Stopwatch.StartNew();
        Assert.True(running.Stop().Result().Stopped);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Wait_for_a_server_that_is_stopped_meanwhile_is_an_error()
    {
        var server = Start("a", new { }).Single<VhostServer>();
        var running = Wait(new { }).Start().WaitFor(so => so.Progress.Count > 0);
        server.Dispose();
        Assert.Equal([nameof(VhostError.HandleClosed)], running.Result().ErrorIds);
    }

    private CmdletRunner<StartVhostServerCommand> Runner(string name, object more, string socket = "a.sock") =>
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name(name), Path = _session.Socket(socket) }).With(more);

    private CmdletResult Start(string name, object more, string socket = "a.sock") => Runner(name, more, socket).Run();

    private CmdletResult Get() => new CmdletRunner<GetVhostServerCommand>().With(new { Name = _session.All }).Run();

    private CmdletRunner<WaitVhostServerCommand> Wait(object more) =>
        new CmdletRunner<WaitVhostServerCommand>().With(new { Name = _session.Name("a") }).With(more);
}
