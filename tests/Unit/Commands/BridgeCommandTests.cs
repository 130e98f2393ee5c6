using System.Management.Automation;
using VhostUser.Commands;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The bridge cmdlets on live servers.</summary>
public sealed class BridgeCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_bridge_is_made_shown_changed_and_removed()
    {
        StartServers("sw0", "sw1", "sw2");
        CmdletResult made = new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0"), Port = new object[] { N("sw0"), N("sw1") } }).Run();
        Assert.Empty(made.Errors);
        Assert.IsType<VhostBridge>(Assert.Single(made.Output));

        var added = (VhostBridgePortInfo)Assert.Single(new CmdletRunner<AddVhostBridgePortCommand>().With(new { Bridge = N("br0"), Port = new object[] { N("sw2") }, AccessVlan = 5, PassThru = true }).Run().Output)!;
        Assert.Equal((N("sw2"), "Server", 5), (added.Name, added.Kind, added.AccessVlan));
        Assert.Equal([N("sw0"), N("sw1"), N("sw2")], Get(new { Name = N("br0"), Port = true }).Output.Cast<VhostBridgePortInfo>().Select(port => port.Name));
        Assert.Empty(Get(new { Name = N("br0"), Station = true }).Output);

        Assert.Empty(new CmdletRunner<RemoveVhostBridgePortCommand>().With(new { Bridge = N("br0"), Port = new[] { N("sw1") } }).Run().Errors);
        ErrorRecord unknown = Assert.Single(new CmdletRunner<RemoveVhostBridgePortCommand>().With(new { Bridge = N("br0"), Port = new[] { N("sw1") } }).Run().Errors);
        Assert.StartsWith("HandleNotFound", unknown.FullyQualifiedErrorId);
        Assert.Contains($"it has {N("sw0")}, {N("sw2")}", unknown.Exception.Message);

        var last = (VhostBridgeInfo)Assert.Single(new CmdletRunner<RemoveVhostBridgeCommand>().With(new { Name = new object[] { N("b*") }, PassThru = true }).Run().Output)!;
        Assert.Equal([N("sw0"), N("sw2")], last.Ports.Select(port => port.Name));
        Assert.Empty(Get(new { Name = new object[] { _session.All } }).Output);
    }

    [Fact]
    public void A_bridge_is_made_with_all_its_ports_or_not_at_all()
    {
        StartServers("sw0");
        ErrorRecord error = Assert.Single(new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0"), Port = new object[] { N("sw0"), N("nobody") } }).Run().Errors);
        Assert.StartsWith("HandleNotFound", error.FullyQualifiedErrorId);
        Assert.Contains("No interface has that name either", error.Exception.Message);
        Assert.Empty(Get(new { Name = new object[] { _session.All } }).Output);
        Assert.Empty(new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0"), Port = new object[] { N("sw0") } }).Run().Errors); // the name and the server are free
    }

    [Fact]
    public void An_interface_that_is_no_tap_is_told_from_one_that_is_not_there()
    {
        ErrorRecord error = Assert.Single(new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0"), Port = new object[] { "lo" } }).Run().Errors);
        Assert.StartsWith("TapFailed", error.FullyQualifiedErrorId);
        Assert.Contains("'lo' can't be opened", error.Exception.Message);
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        StartServers("sw0");
        Assert.Empty(new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0") }).WhatIf().Run().Output);
        new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br0") }).Run();
        new CmdletRunner<AddVhostBridgePortCommand>().With(new { Bridge = N("br0"), Port = new object[] { N("sw0") } }).WhatIf().Run();
        new CmdletRunner<RemoveVhostBridgeCommand>().With(new { Name = new object[] { N("br0") } }).WhatIf().Run();
        Assert.Empty(((VhostBridgeInfo)Assert.Single(Get(new { Name = new object[] { _session.All } }).Output)!).Ports);
    }

    private string N(string name) => _session.Name(name);

    private static CmdletResult Get(object parameters) => new CmdletRunner<GetVhostBridgeCommand>().With(parameters).Run();

    private void StartServers(params string[] names)
    {
        foreach (string name in names)
            Assert.Empty(new CmdletRunner<StartVhostServerCommand>().With(new { Name = N(name), Path = _session.Socket(name) }).Run().Errors);
    }
}
