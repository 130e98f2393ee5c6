using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Commands;
using VhostUser.Endpoints;
using VhostUser.Tests.Transport;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The link cmdlets on live servers.</summary>
public sealed class TransportCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_key_is_32_random_bytes_in_Base64()
    {
        string[] keys = [.. Enumerable.Range(0, 2).Select(_ => (string)Assert.Single(new CmdletRunner<NewIbKeyCommand>().Run().Output)!)];
        Assert.All(keys, key => Assert.Equal(32, Convert.FromBase64String(key).Length));
        Assert.NotEqual(keys[0], keys[1]);
    }

    [FabricFact]
    public void A_link_is_made_shown_measured_and_removed()
    {
        StartServers("a", "b");
        string key = Convert.ToBase64String(LinkCredential.CreateKey());
        int port = FreePort();
        CmdletResult left = New(new { Name = N("ab"), Server = N("a"), Listen = "127.0.0.1", Port = port, Credential = key });
        Assert.Empty(left.Errors);
        var link = Assert.IsType<IbTransport>(Assert.Single(left.Output));
        CmdletResult right = New(new { Name = N("ba"), Server = N("b"), Connect = "127.0.0.1", Port = port, Credential = key, Encrypt = true });
        Assert.Empty(right.Errors);
        Assert.True(link.WaitFor([IbTransportState.Up], TimeSpan.FromSeconds(30)));

        IbTransportInfo[] infos = [.. Get(new { Name = new object[] { _session.All } }).Output.Cast<IbTransportInfo>()];
        Assert.Equal([N("ab"), N("ba")], infos.Select(info => info.Name));
        Assert.All(infos, info => Assert.Equal((true, "Key", "Server"), (info.Encrypted, info.Authentication, info.EndKind)));

        CmdletResult test = new CmdletRunner<TestIbTransportCommand>().With(new { Name = new object[] { N("ba") }, RoundTrip = 10, Duration = TimeSpan.FromSeconds(0.2) }).Run();
        Assert.Empty(test.Errors);
        Assert.Equal(10, ((IbTransportTest)Assert.Single(test.Output)!).RoundTrips);

        var last = (IbTransportInfo)Assert.Single(Remove(new { Name = new object[] { N("ab") }, PassThru = true }).Output)!;
        Assert.Equal(N("ab"), last.Name);
        ErrorRecord unknown = Assert.Single(Get(new { Name = new object[] { N("ab") } }).Errors);
        Assert.StartsWith("HandleNotFound", unknown.FullyQualifiedErrorId);
    }

    [FabricFact]
    public void A_link_may_be_a_port_of_a_bridge()
    {
        Assert.Empty(new CmdletRunner<NewVhostBridgeCommand>().With(new { Name = N("br") }).Run().Errors);
        Assert.Empty(New(new { Name = N("ab"), Bridge = N("br"), Listen = "127.0.0.1", Port = FreePort() }).Errors);
        var port = (VhostBridgePortInfo)Assert.Single(new CmdletRunner<GetVhostBridgeCommand>().With(new { Name = new object[] { N("br") }, Port = true }).Run().Output)!;
        Assert.Equal((N("ab"), "Link", false), (port.Name, port.Kind, port.Up));
        Assert.Empty(new CmdletRunner<RemoveVhostBridgePortCommand>().With(new { Bridge = N("br"), Port = new[] { N("ab") } }).Run().Errors);
        Assert.Empty(Get(new { Name = new object[] { _session.All } }).Output);
    }

    [FabricFact]
    public void What_is_wrong_is_told_by_id()
    {
        StartServers("a");
        Assert.StartsWith("InvalidArgument", Assert.Single(New(new { Name = N("x"), Server = N("a"), Connect = "192.0.2.1" }).Errors).FullyQualifiedErrorId);
        Assert.StartsWith("InvalidArgument", Assert.Single(New(new { Name = N("x"), Server = N("a"), Connect = "127.0.0.1", Credential = "password" }).Errors).FullyQualifiedErrorId);
        Assert.StartsWith("InvalidArgument", Assert.Single(New(new { Name = N("x"), Server = N("a"), Connect = "127.0.0.1", Encrypt = true }).Errors).FullyQualifiedErrorId);
        Assert.StartsWith("HandleNotFound", Assert.Single(New(new { Name = N("x"), Server = N("nobody"), Connect = "127.0.0.1" }).Errors).FullyQualifiedErrorId);
        Assert.Empty(New(new { Name = N("x"), Server = N("a"), Connect = "127.0.0.1", Port = FreePort() }).Errors);
        Assert.StartsWith("NameInUse", Assert.Single(New(new { Name = N("y"), Server = N("a"), Connect = "127.0.0.1" }).Errors).FullyQualifiedErrorId);
        Assert.StartsWith("LinkDown", Assert.Single(new CmdletRunner<TestIbTransportCommand>().With(new { Name = new object[] { N("x") } }).Run().Errors).FullyQualifiedErrorId);
    }

    [FabricFact]
    public void WhatIf_changes_nothing()
    {
        StartServers("a");
        new CmdletRunner<NewIbTransportCommand>().With(new { Name = N("x"), Server = N("a"), Connect = "127.0.0.1" }).WhatIf().Run();
        Assert.Empty(Get(new { Name = new object[] { _session.All } }).Output);
        New(new { Name = N("x"), Server = N("a"), Connect = "127.0.0.1", Port = FreePort() });
        new CmdletRunner<RemoveIbTransportCommand>().With(new { Name = new object[] { N("x") } }).WhatIf().Run();
        Assert.Single(Get(new { Name = new object[] { _session.All } }).Output);
    }

    [Fact]
    public void A_credential_tells_nothing_when_it_is_printed() => Assert.Equal("(credential)", new CredentialArgument("secret").ToString());

    private string N(string name) => _session.Name(name);

    private static CmdletResult New(object parameters) => new CmdletRunner<NewIbTransportCommand>().With(parameters).Run();

    private static CmdletResult Get(object parameters) => new CmdletRunner<GetIbTransportCommand>().With(parameters).Run();

    private static CmdletResult Remove(object parameters) => new CmdletRunner<RemoveIbTransportCommand>().With(parameters).Run();

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    private void StartServers(params string[] names)
    {
        foreach (string name in names)
            Assert.Empty(new CmdletRunner<StartVhostServerCommand>().With(new { Name = N(name), Path = _session.Socket(name) }).Run().Errors);
    }
}
