using System.Collections;
using VhostUser.Endpoints;
using VhostUser.Labs;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Tests.Labs.LabTables;

namespace VhostUser.Tests.Labs;

/// <summary>What a lab's table may hold, and what is said when it holds something else.</summary>
public class LabReaderTests
{
    [Fact]
    public void A_lab_is_read_in_the_order_in_which_it_is_brought_up()
    {
        Lab lab = Read(Trio());
        Assert.Equal("trio", lab.Name);
        Assert.Equal(["Region mem", "Server sw0", "Server sw1", "Bridge br0", "Client vm0"], lab.Items.Select(item => $"{item.Kind} {item.Name}"));
        Assert.Equal("Mode Echo, Path ./sw1.sock", lab.Find(LabItemKind.Server, "SW1")!.ToString());
        Assert.Equal("Size 64MB", lab.Items[0].ToString());
    }

    [Fact]
    public void Values_become_the_options_of_what_is_made()
    {
        Hashtable table = T(("Servers", T(("sw0", T(("Path", "a"), ("Mode", "source"), ("Rate", 10.5), ("PacketSize", 100), ("QueuePairs", 2), ("MacAddress", "02:00:00:00:00:01"), ("Core", 1),
            ("ExcludeFeature", new object[] { "Mq", "ringpacked" }), ("Feature", "AccessPlatform"), ("Poll", true))))));
        VhostServerOptions options = LabOptions.OfServer(Read(table).Items[0], path => "/folder/" + path);
        Assert.Equal(new VhostServerOptions
        {
            Name = "sw0", Path = "/folder/a", Mode = ServerMode.Source, Rate = 10.5, PacketSize = 100, QueuePairs = 2, MacAddress = MacAddress.Parse("02:00:00:00:00:01"), Core = 1,
            ExcludeFeatures = VirtioFeatures.Mq | VirtioFeatures.RingPacked, OfferFeatures = VirtioFeatures.AccessPlatform, Poll = true,
        }, options);
    }

    [Fact]
    public void A_client_has_the_path_of_its_server_and_the_usual_values()
    {
        Lab lab = Read(With(Trio(), "Clients", "vm0", T(("Region", "mem"), ("Server", "sw1"), ("Timeout", 2.5), ("BufferSize", 4096))));
        VhostClientOptions options = LabOptions.OfClient(lab.Find(LabItemKind.Client, "vm0")!, lab, [], path => "/folder/" + path);
        Assert.Equal(("/folder/./sw1.sock", TimeSpan.FromSeconds(2.5), 4096, 256), (options.Path, options.Timeout, options.BufferSize, options.QueueSize));
    }

    [Fact]
    public void A_bridge_has_options_for_each_port()
    {
        Hashtable bridge = T(("Port", new object[] { "sw0", "sw1" }), ("AccessVlan", T(("sw0", 10))), ("Trunk", T(("SW1", new object[] { 10, 20 }))), ("Group", T(("sw0", 1))), ("AgeingTime", 60));
        LabItem item = Read(With(Trio(), "Bridges", "br0", bridge)).Find(LabItemKind.Bridge, "br0")!;
        Assert.Equal(TimeSpan.FromSeconds(60), LabOptions.OfBridge(item).AgeingTime);
        VhostBridgePortOptions access = LabOptions.OfPort(item, "sw0");
        Assert.Equal((10, 1), (access.AccessVlan, access.Group));
        Assert.Equal([10, 20], LabOptions.OfPort(item, "sw1").Trunk);
    }

    public static TheoryData<string, object?, string> Wrong => new()
    {
        { "Servers.sw0.Mode", "Ecco", "Servers.sw0.Mode: expected one of Sink, Echo, Source, Tap; 'Ecco' came" },
        { "Servers.sw0.Mode", "Script", "expected one of Sink, Echo, Source, Tap; 'Script' came" },
        { "Servers.sw0.QueuePairs", 129, "Servers.sw0.QueuePairs: expected a whole number from 1 to 128; 129 came" },
        { "Servers.sw0.QueuePairs", "two", "expected a whole number from 1 to 128; 'two' came" },
        { "Servers.sw0.Poll", 1, "expected $true or $false; 1 came" },
        { "Servers.sw0.Paths", "x", "there is no such key (perhaps Path?); expected one of Path, Connect" },
        { "Servers.sw0.Path", null, "Servers.sw0.Path: expected a value; nothing came" },
        { "Servers.sw1.Tap", "tap0", "mode Tap needs the name of an interface in Tap, and no other mode takes one" },
        { "Servers.sw0.Rate", 5, "Servers.sw0.Rate: is for mode Source; the mode is Sink" },
        { "Servers.sw0.Path", "./sw1.sock", "listens there already" },
        { "Servers.sw0.Host", "far", "Servers.sw0.Host: the lab has no Hosts table" },
        { "Servers.sw0.MacAddress", "zero", "expected a MAC address" },
        { "Servers.sw0", "x", "Servers.sw0: expected a table" },
        { "Servers.a*", null, "a name can't be empty or have" },
        { "Servers", "x", "Servers: expected a table with a table for each name" },
        { "Regions.mem.Size", "64MB", "expected a size in bytes, such as 64MB without quotes; '64MB' came" },
        { "Clients.vm0.Region", "men", "Clients.vm0.Region: expected one of the lab's regions (mem); 'men' came" },
        { "Clients.vm0.Server", "sw9", "Clients.vm0.Server: expected one of the lab's servers (sw0, sw1); 'sw9' came" },
        { "Clients.vm0.Path", "x", "Clients.vm0: expected either Server, a server of the lab, or Path" },
        { "Clients.vm0.Listen", true, "server sw1 listens, so this client must not" },
        { "Bridges.br0.Port", new object[] { "sw0", "sw0" }, "sw0 is there twice" },
        { "Bridges.br0.Port", "no such interface name", "expected a server of the lab or an interface" },
        { "Bridges.br0.Trunk", 5, "expected a table of port names" },
        { "Bridges.br0.AccessVlan", T(("sw7", 5)), "the bridge has no port sw7" },
        { "Bridges.br1", T(("Port", "sw0")), "sw0 is a port of bridge br0 already" },
        { "Server", T(), "Server: there is no such key (perhaps Servers?); expected one of Name, Hosts, Regions, Servers, Bridges, Clients, Links" },
        { "Links", T(), "Links: links between hosts are not made from a lab file yet; make them with New-IbTransport" },
        { "Name", 5, "Name: expected text; 5 came" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_said_with_its_key(string key, object? value, string expected)
    {
        Hashtable table = Trio();
        Hashtable at = table;
        string[] path = key.Split('.');
        foreach (string name in path[..^1]) at = (Hashtable)at[name]!;
        at[path[^1]] = value;
        LabReader.Read(table, "trio", out IReadOnlyList<LabProblem> problems);
        Assert.Contains(problems, problem => problem.ToString().Contains(expected));
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        LabReader.Read(T(("Servers", T(("a", T(("Mode", "x"))), ("b", T(("Core", -1))))), ("Regoins", T())), "x", out IReadOnlyList<LabProblem> problems);
        Assert.Equal(["Regoins", "Servers.a", "Servers.a.Mode", "Servers.b", "Servers.b.Core"], problems.Select(problem => string.Join('.', problem.Key)).Order());
    }

    [Fact]
    public void A_host_makes_what_is_its_own_and_what_has_no_host()
    {
        Hashtable table = Trio();
        table["Hosts"] = T(("left", T(("HostName", "node1"))), ("right", T()));
        ((Hashtable)((Hashtable)table["Servers"]!)["sw0"]!)["Host"] = "left";
        ((Hashtable)table["Servers"]!)["sw5"] = T(("Path", "./sw0.sock"), ("Host", "right")); // the same path on another host
        Lab lab = Read(table);
        Assert.Equal(["mem", "sw0", "sw1", "br0", "vm0"], lab.On(null, "NODE1").Items.Select(item => item.Name));
        Assert.Equal(["mem", "sw1", "sw5", "br0", "vm0"], lab.On("right", "node1").Items.Select(item => item.Name));
        Assert.Contains("this machine, 'x', is none of them", Assert.Throws<VhostException>(() => lab.On(null, "x")).Message);
        Assert.Contains("'middle' is none of them", Assert.Throws<VhostException>(() => lab.On("middle", "node1")).Message);
        Assert.Throws<VhostException>(() => Read(Trio()).On("left", "x"));
    }

    [Fact]
    public void Items_that_need_each_other_are_on_one_host()
    {
        Hashtable table = Trio();
        table["Hosts"] = T(("left", T()), ("right", T()));
        ((Hashtable)((Hashtable)table["Servers"]!)["sw1"]!)["Host"] = "left";
        ((Hashtable)((Hashtable)table["Clients"]!)["vm0"]!)["Host"] = "right";
        LabReader.Read(table, "x", out IReadOnlyList<LabProblem> problems);
        Assert.Contains("server sw1 is on host left, the client on right", Assert.Single(problems).Message);
    }
}
