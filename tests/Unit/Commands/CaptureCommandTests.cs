using VhostUser.Commands;
using VhostUser.Endpoints;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;
using VhostUser.Tests.Packets.Pcap;
using VhostUser.Views;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The cmdlets of captures, replay and path tests on a live client and server.</summary>
public sealed class CaptureCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();
    private readonly string _file;

    public CaptureCommandTests()
    {
        _file = _session.Socket("a.pcapng");
        Assert.Empty(new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = N("lab"), Size = 32L << 20 }).Run().Errors);
        Assert.Empty(new CmdletRunner<StartVhostServerCommand>().With(new { Name = N("sw0"), Path = _session.Socket(), Mode = ServerMode.Echo }).Run().Errors);
        Assert.Empty(new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = N("vm0"), Path = _session.Socket(), Region = new object[] { N("lab") } }).Run().Errors);
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_capture_is_started_shown_stopped_and_sent_again()
    {
        CmdletResult started = Start(new { Server = new object[] { N("sw0") }, Client = new object[] { N("vm0") } });
        Assert.Empty(started.Errors);
        Assert.Equal(CaptureState.Running, started.Single<VhostCapture>().State);
        Echo();
        Assert.Equal([N("sw0"), N("vm0")], Get(N("c*")).Single<VhostCaptureInfo>().Interfaces.Select(one => one.Name));

        CmdletResult stopped = Stop(new { Name = new object[] { N("cap0") }, PassThru = true });
        Assert.Equal((CaptureState.Stopped, 4, 0), (stopped.Single<VhostCaptureInfo>().State, stopped.Single<VhostCaptureInfo>().Packets, stopped.Single<VhostCaptureInfo>().Dropped));
        Assert.Empty(Get(_session.All).Output);
        Assert.Equal(4, Read().Count);

        CmdletResult sent = Replay(new { Interface = new[] { N("VM*") }, Count = 3L });
        Assert.Empty(sent.Errors);
        Assert.Equal(6, Receive(6));
    }

    [Fact]
    public void Endpoints_come_by_the_pipeline_and_rings_are_chosen()
    {
        CmdletRunner<StartVringCaptureCommand> runner = new CmdletRunner<StartVringCaptureCommand>().With(new { Name = N("cap0"), Path = _file, Queue = new[] { 1 } });
        object[] photographs = [.. new CmdletRunner<GetVhostServerCommand>().With(new { Name = new object[] { N("sw0") } }).Run().Output!, .. new CmdletRunner<GetVhostClientCommand>().With(new { Name = new object[] { N("vm0") } }).Run().Output!];
        Assert.Empty(runner.RunOver(photographs).Errors);
        Echo();
        Stop(new { Name = new object[] { N("cap0") } });
        Assert.Equal([(0, 1u), (1, 1u)], Read().Select(packet => (packet.Interface, packet.Queue!.Value)).Order());
    }

    [Fact]
    public void All_is_captured_or_nothing()
    {
        CmdletResult result = Start(new { Server = new object[] { N("sw0"), N("nobody") } });
        Assert.Equal(["HandleNotFound"], result.ErrorIds);
        Assert.Empty(Get(_session.All).Output);
        Assert.False(File.Exists(_file));
        Assert.Equal(["InvalidArgument"], Start(new { }).ErrorIds); // no endpoint
        Assert.Empty(Start(new { Server = new object[] { N("sw0") } }).Errors);
        Assert.Equal(["NameInUse"], Start(new { Server = new object[] { N("sw0") }, Force = true }).ErrorIds);
    }

    [Fact]
    public void WhatIf_writes_nothing()
    {
        Assert.Empty(new CmdletRunner<StartVringCaptureCommand>().With(new { Name = N("cap0"), Path = _file, Server = new object[] { N("sw0") } }).WhatIf().Run().Output);
        Assert.False(File.Exists(_file));
        Start(new { Server = new object[] { N("sw0") } });
        new CmdletRunner<StopVringCaptureCommand>().With(new { Name = new object[] { N("cap0") } }).WhatIf().Run();
        Assert.Equal(CaptureState.Running, Get(N("cap0")).Single<VhostCaptureInfo>().State);
    }

    [Fact]
    public void A_capture_that_broke_off_says_so_when_it_is_stopped()
    {
        CmdletResult started = new CmdletRunner<StartVringCaptureCommand>().With(new { Name = N("cap0"), Path = "/dev/full", Client = new object[] { N("vm0") }, Force = true }).Run();
        Echo();
        Assert.True(SpinWait.SpinUntil(() => started.Single<VhostCapture>().State == CaptureState.Faulted, TimeSpan.FromSeconds(20)));
        Assert.Equal(["CaptureFailed"], Stop(new { Name = new object[] { N("cap0") } }).ErrorIds);
        Assert.Empty(Get(_session.All).Output);
    }

    [Fact]
    public void A_capture_is_no_single_packet_and_a_spoilt_one_an_error()
    {
        Start(new { Client = new object[] { N("vm0") }, SnapLength = 20 });
        Echo();
        Stop(new { Name = new object[] { N("cap0") } });
        Assert.Equal(["InvalidArgument"], Replay(new { PassThru = true }).ErrorIds);
        Assert.Equal(["InvalidArgument"], Replay(new { Timing = ReplayTiming.Recorded, Rate = 5.0 }).ErrorIds);
        CmdletResult cut = Replay(new { });
        Assert.Contains("2 of 2 packets", Assert.Single(cut.Warnings));
        File.WriteAllBytes(_file, File.ReadAllBytes(_file)[..^7]);
        Assert.Equal(["CaptureInvalid"], Replay(new { }).ErrorIds);
    }

    [Fact]
    public void A_path_is_tested_and_drawn()
    {
        CmdletRunner<TestVhostPathCommand> runner = new CmdletRunner<TestVhostPathCommand>().With(new { Client = N("vm0"), Duration = TimeSpan.FromSeconds(0.2), Rate = 500.0, Timeout = TimeSpan.FromSeconds(10), Plot = true });
        CmdletResult result = runner.Run();
        Assert.Empty(result.Errors);
        var path = result.Single<VhostPathResult>();
        Assert.Equal((N("vm0"), N("vm0"), 0), (path.From, path.To, path.Lost));
        string drawn = HistogramText.Draw(path.Histogram);
        Assert.Contains("#", drawn);
        Assert.All(drawn.Split('\n'), row => Assert.InRange(row.Length, 60, 100));
        Assert.Equal("no packet arrived", HistogramText.Draw([]));
        Assert.Equal(["HandleNotFound"], new CmdletRunner<TestVhostPathCommand>().With(new { Client = N("vm0"), To = N("nobody") }).Run().ErrorIds);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "100 ns")]
    [InlineData(123, "12.3 us")]
    [InlineData(12_300, "1.23 ms")]
    [InlineData(12_345_678, "1.23 s")]
    public void A_time_is_shown_with_its_unit(long ticks, string text) => Assert.Equal(text, ViewText.Time(new TimeSpan(ticks)));

    [Fact]
    public void Without_Pester_there_is_nothing_to_add_assertions_to() // the stand-in has no language, so no Pester
    {
        if (!EngineLocation.IsStandIn) return;
        CmdletResult result = new CmdletRunner<ImportVhostPesterAssertionCommand>().Run();
        Assert.Equal(["PlatformNotSupported"], result.ErrorIds);
        Assert.Contains("Install-PSResource Pester", result.Errors[0].ErrorDetails.RecommendedAction);
    }

    private string N(string name) => _session.Name(name);

    private CmdletResult Start(object parameters) => new CmdletRunner<StartVringCaptureCommand>().With(new { Name = N("cap0"), Path = _file }).With(parameters).Run();

    private static CmdletResult Stop(object parameters) => new CmdletRunner<StopVringCaptureCommand>().With(parameters).Run();

    private static CmdletResult Get(string name) => new CmdletRunner<GetVringCaptureCommand>().With(new { Name = new object[] { name } }).Run();

    private CmdletResult Replay(object parameters) => new CmdletRunner<SendVringPacketCommand>().InParameterSet("Path").With(new { Client = N("vm0"), Path = new[] { _file } }).With(parameters).Run();

    private int Receive(long count) => new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = N("vm0"), Count = count, Timeout = TimeSpan.FromSeconds(20) }).Run().Output.Count;

    private void Echo()
    {
        Assert.Empty(new CmdletRunner<SendVringPacketCommand>().InParameterSet("Packet").With(new { Client = N("vm0"), InputObject = PacketBuilder.Build(new PacketSpec()) }).Run().Errors);
        Assert.Equal(1, Receive(1));
    }

    private List<CapturedPacket> Read()
    {
        using CaptureReader reader = CaptureReader.Open(_file);
        return PcapBytes.Read(reader);
    }
}
