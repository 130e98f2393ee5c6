using System.Collections;
using VhostUser.Commands;
using VhostUser.Handles;
using VhostUser.Labs;
using VhostUser.Tests.Labs;
using Xunit;
using static VhostUser.Tests.Labs.LabTables;

namespace VhostUser.Tests.Commands;

/// <summary>The lab cmdlets on tables; that files are read is proven by Pester.</summary>
public sealed class LabCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_lab_is_brought_up_kept_changed_and_taken_down()
    {
        CmdletResult made = Start(Table());
        Assert.Empty(made.Errors);
        Assert.Equal(["Make mem", "Make sw0", "Make sw1", "Make br0", "Make vm0"], Steps(made));
        Assert.Equal(VhostUser.Endpoints.EndpointState.Running, LiveHandles.Clients.Get(N("vm0")).State);
        Assert.All(Steps(Start(Table())), step => Assert.StartsWith("Keep", step));

        Hashtable changed = Table();
        ((Hashtable)((Hashtable)changed["Bridges"]!)[N("br0")]!)["Port"] = N("sw1");
        Assert.Equal(["Keep mem", "Keep sw0", "Keep sw1", "Change br0", "Keep vm0"], Steps(Start(changed)));
        Assert.Equal([N("sw1")], LiveHandles.Bridges.Get(N("br0")).Snapshot().Ports.Select(port => port.Name));

        var info = new CmdletRunner<GetVhostLabCommand>().With(new { Name = N("lab") }).Run().Single<VhostLabInfo>();
        Assert.Equal(["Present", "Listening", "Running", "Present", "Running"], info.Items.Select(item => item.State));

        var last = new CmdletRunner<StopVhostLabCommand>().With(new { Name = N("lab"), PassThru = true }).Run().Single<VhostLabInfo>();
        Assert.Equal(5, last.Items.Length);
        Assert.Empty(LiveHandles.Servers.Find(_session.All));
        Assert.Empty(LiveHandles.Regions.Find(_session.All));
        Assert.Equal(["HandleNotFound"], new CmdletRunner<GetVhostLabCommand>().With(new { Name = N("lab") }).Run().ErrorIds);
    }

    [Fact]
    public void What_was_stopped_by_hand_is_made_again()
    {
        Start(Table());
        LiveHandles.Servers.Close(N("sw1"), LiveHandles.Servers.Get(N("sw1")));
        CmdletResult again = Start(Table());
        Assert.Equal(["Remove vm0", "Keep mem", "Keep sw0", "Make sw1", "Keep br0", "Make vm0"], Steps(again));
        Assert.Equal(VhostUser.Endpoints.EndpointState.Running, LiveHandles.Clients.Get(N("vm0")).State);
    }

    [Fact]
    public void WhatIf_asks_for_every_step_and_does_none()
    {
        CmdletResult asked = new CmdletRunner<StartVhostLabCommand>().With(new { Definition = Table(), _session.Folder }).InParameterSet("Definition").WhatIf().Run();
        Assert.Equal(["region " + N("mem"), "server " + N("sw0"), "server " + N("sw1"), "bridge " + N("br0"), "client " + N("vm0")], asked.ShouldProcess.Select(question => question.Target));
        Assert.Equal("Make: Size 64MB", asked.ShouldProcess[0].Action);
        Assert.Empty(asked.Output);
        Assert.Empty(LiveHandles.Regions.Find(_session.All));
        Start(Table());
        Assert.Equal(5, new CmdletRunner<StopVhostLabCommand>().With(new { Name = N("lab") }).WhatIf().Run().ShouldProcess.Count);
        Assert.Equal(2, LiveHandles.Servers.Find(_session.All).Count);
    }

    [Fact]
    public void A_name_that_something_else_has_is_refused_before_anything_is_made()
    {
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = N("sw1"), Path = _session.Socket("other") }).Run();
        Assert.Equal(["NameInUse"], Start(Table()).ErrorIds);
        Assert.Empty(LiveHandles.Regions.Find(_session.All));
    }

    [Fact]
    public void A_failed_step_ends_the_run_and_the_next_one_goes_on_from_there()
    {
        File.WriteAllText(_session.Socket("sw1.sock"), "no socket");
        CmdletResult failed = Start(Table());
        Assert.Equal(["SocketForeignFile"], failed.ErrorIds);
        Assert.Equal(["Make mem", "Make sw0"], Steps(failed));
        Assert.Contains("is not complete", Assert.Single(failed.Warnings));
        File.Delete(_session.Socket("sw1.sock"));
        Assert.Equal(["Keep mem", "Keep sw0", "Make sw1", "Make br0", "Make vm0"], Steps(Start(Table())));
    }

    [Fact]
    public void A_lab_takes_down_only_what_it_made()
    {
        Start(Table());
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = N("own"), Path = _session.Socket("own") }).Run();
        new CmdletRunner<StopVhostLabCommand>().With(new { Name = N("lab") }).Run();
        Assert.Equal([N("own")], LiveHandles.Servers.Find(_session.All).Select(server => server.Name));
    }

    [Fact]
    public void A_region_that_another_client_uses_stays_until_that_one_is_gone()
    {
        Start(Table());
        new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = N("own"), Path = _session.Socket("sw0.sock"), Region = new object[] { N("mem") } }).Run();
        Assert.Equal(["RegionInUse"], new CmdletRunner<StopVhostLabCommand>().With(new { Name = N("lab") }).Run().ErrorIds);
        Assert.Empty(LiveHandles.Servers.Find(_session.All));
        Assert.Single(new CmdletRunner<GetVhostLabCommand>().With(new { Name = N("lab") }).Run().Single<VhostLabInfo>().Items, item => item.State == "Present");
        new CmdletRunner<DisconnectVhostClientCommand>().With(new { Name = N("own") }).Run();
        Assert.Empty(new CmdletRunner<StopVhostLabCommand>().With(new { Name = N("lab") }).Run().Errors);
        Assert.Empty(LiveHandles.Regions.Find(_session.All));
    }

    [Fact]
    public void Testing_says_everything_that_is_wrong()
    {
        Hashtable table = Table();
        ((Hashtable)((Hashtable)table["Clients"]!)[N("vm0")]!)["Server"] = 5;
        table["Regoins"] = T();
        CmdletResult tested = Test(table);
        Assert.Equal([false], tested.Output);
        Assert.Equal(["LabInvalid", "LabInvalid"], tested.ErrorIds);
        Assert.Equal([true], Test(Table()).Output);
        Assert.Empty(LiveHandles.Regions.Find(_session.All));
    }

    private static CmdletResult Test(Hashtable table) => new CmdletRunner<TestVhostLabCommand>().With(new { Definition = table }).InParameterSet("Definition").Run();

    private CmdletResult Start(Hashtable table) => new CmdletRunner<StartVhostLabCommand>().With(new { Definition = table, _session.Folder }).InParameterSet("Definition").Run();

    private string[] Steps(CmdletResult result) => [.. result.Output.Cast<LabStep>().Select(step => $"{step.Action} {step.Name[N("").Length..]}")];

    private string N(string name) => _session.Name(name);

    private Hashtable Table() => T(
        ("Name", N("lab")),
        ("Regions", T((N("mem"), T(("Size", 64 << 20))))),
        ("Servers", T((N("sw0"), T(("Path", "sw0.sock"))), (N("sw1"), T(("Path", "sw1.sock"), ("Mode", "Echo"))))),
        ("Bridges", T((N("br0"), T(("Port", N("sw0")))))),
        ("Clients", T((N("vm0"), T(("Region", N("mem")), ("Server", N("sw1")))))));
}
