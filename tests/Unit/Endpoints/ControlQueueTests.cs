using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Endpoints;

/// <summary>The control virtqueue between our client and our echo server: what a command sets shows in the packets that come back.</summary>
public sealed class ControlQueueTests : IDisposable
{
    private const VirtioFeatures Filters = CtrlVq | CtrlRx | CtrlRxExtra | CtrlVlan | CtrlMacAddr;
    private const string Own = "02:00:00:00:00:01", Other = "02:00:00:00:00:02", Group = "01:00:5e:00:00:05", All = "ff:ff:ff:ff:ff:ff";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
    private VhostServer? _server;

    public void Dispose()
    {
        _server?.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Without_any_command_everything_is_received()
    {
        using VhostClient client = Connect(Filters & ~CtrlVlan);
        Assert.Equal([Own, Other, Group, All], Returned(client, Own, Other, Group, All));
    }

    [Fact]
    public void A_client_receives_what_it_asked_for_and_the_rest_is_counted()
    {
        using VhostClient client = Connect(Filters);
        Do(client, ControlCommand.Promiscuous(false), ControlCommand.SetMac(MacAddress.Parse(Own)));
        Assert.Equal([Own, All], Returned(client, Own, Other, Group, All));
        Assert.Equal(2, _server!.Snapshot().Drops["NotWanted"]);
        Do(client, ControlCommand.SetMacTable([MacAddress.Parse(Other)], [MacAddress.Parse(Group)]));
        Assert.Equal([Own, Other, Group, All], Returned(client, Own, Other, Group, All));
        Do(client, ControlCommand.SetMacTable([], []), ControlCommand.AllMulticast(true));
        Assert.Equal([Own, Group, All], Returned(client, Own, Other, Group, All));
        Do(client, ControlCommand.AllUnicast(true), ControlCommand.NoMulticast(true), ControlCommand.NoBroadcast(true));
        Assert.Equal([Own, Other], Returned(client, Own, Other, Group, All));
        Do(client, ControlCommand.NoUnicast(true), ControlCommand.NoBroadcast(false));
        Assert.Equal([All], Returned(client, Own, Other, Group, All));
        Do(client, ControlCommand.Promiscuous(true));
        Assert.Equal([Own, Other, Group, All], Returned(client, Own, Other, Group, All));
    }

    [Fact]
    public void Tagged_packets_are_received_of_the_VLANs_that_were_added()
    {
        using VhostClient client = Connect(CtrlVq | CtrlVlan);
        Do(client, ControlCommand.AddVlan(5), ControlCommand.AddVlan(4095), ControlCommand.RemoveVlan(4095));
        VhostPacket[] packets = [.. new int?[] { null, 5, 6, 4095 }.Select(vlan => PacketBuilder.Build(new PacketSpec { VlanId = vlan, DestinationMac = MacAddress.Broadcast }))];
        Assert.Equal([null, 5], Returned(client, packets).Select(packet => packet.VlanId));
    }

    [Fact]
    public void Guest_offloads_are_turned_off_and_on_while_packets_flow()
    {
        using VhostClient client = Connect(CtrlVq | CtrlGuestOffloads | Csum | HostTso4 | GuestCsum | GuestTso4);
        OffloadPacket large = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, Payload = new byte[5000] }).LeaveSegments(1448);
        Assert.Equal("TCPv4", Assert.Single(Returned(client, large)).NetHeader.GsoType);
        Do(client, ControlCommand.SetGuestOffloads(GuestCsum));
        Assert.Equal(["None", "None", "None", "None"], Returned(client, large).Select(packet => packet.NetHeader.GsoType));
        Do(client, ControlCommand.SetGuestOffloads(None));
        Assert.All(Returned(client, large), packet => Assert.True(packet.ChecksumsValid));
        Do(client, ControlCommand.SetGuestOffloads(GuestCsum | GuestTso4));
        Assert.Single(Returned(client, large));
        AssertRefused(client, ControlCommand.SetGuestOffloads(GuestCsum | GuestTso6)); // was not negotiated
        AssertRefused(client, ControlCommand.SetGuestOffloads(GuestTso4)); // needs GUEST_CSUM
        Assert.Single(Returned(client, large));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_control_ring_stands_behind_all_pairs_that_the_device_has(int pairs)
    {
        using VhostClient client = Connect(CtrlVq | CtrlRx | (pairs > 1 ? Mq : 0), offered: 3, pairs);
        Assert.Equal(pairs > 1 ? 6 : 2, client.ControlQueue);
        Do(client, ControlCommand.Promiscuous(true));
        Assert.Equal("Control", client.GetVringStates(client.ControlQueue)[0].Direction);
        Assert.Equal(("Control", true), (_server!.GetVringStates(client.ControlQueue)[0].Direction, _server.GetVringStates(client.ControlQueue)[0].Started));
        Assert.Equal("ok", client.GetVringStates(client.ControlQueue)[0].Verdict);
        Assert.Equal([Own], Returned(client, Own));
    }

    [Fact]
    public void Queue_pairs_are_taken_out_of_use_and_back_while_the_rings_run()
    {
        using VhostClient client = Connect(CtrlVq | Mq, offered: 2, pairs: 2);
        VhostPacket packet = PacketBuilder.Build(new PacketSpec());
        Do(client, ControlCommand.SetQueuePairs(1));
        client.Send(packet.Bytes.Span, 3, 1, 0, Bound, default);
        Assert.True(Peers.RawFrontEnd.WaitUntil(() => _server!.Snapshot().Drops.GetValueOrDefault("ReceiveRingStopped") == 1));
        Do(client, ControlCommand.SetQueuePairs(2));
        client.Send(packet.Bytes.Span, 3, 1, 0, Bound, default);
        var received = new List<ReceivedPacket>();
        Assert.Equal(1, client.Receive(received, 2, 1, Bound, default));
        AssertRefused(client, ControlCommand.SetQueuePairs(3));
        AssertRefused(client, ControlCommand.SetQueuePairs(0));
    }

    [Theory]
    [InlineData("unknown class", 99, 0, 1)]
    [InlineData("unknown command", 0, 6, 1)]
    [InlineData("promiscuous without a byte", 0, 0, 0)]
    [InlineData("promiscuous with two", 0, 0, 2)]
    [InlineData("MAC address too short", 1, 1, 5)]
    [InlineData("MAC table that ends in its count", 1, 0, 3)]
    [InlineData("MAC table without its second part", 1, 0, 4)]
    [InlineData("VLAN command that does not exist", 2, 2, 2)]
    [InlineData("announcement that was not negotiated", 3, 0, 0)]
    [InlineData("RSS configuration", 4, 1, 40)]
    [InlineData("hash configuration", 4, 2, 40)]
    [InlineData("offloads that were not negotiated", 5, 0, 8)]
    [InlineData("longer than any command", 1, 0, 20000)]
    public void A_command_that_can_not_be_obeyed_is_answered_with_an_error_and_changes_nothing(string name, byte group, byte command, int length)
    {
        Assert.NotEmpty(name);
        using VhostClient client = Connect(Filters);
        AssertRefused(client, ControlCommand.Raw(group, command, new byte[length]));
        Assert.Equal([Own, Other, Group, All], Returned(client, Own, Other, Group, All));
    }

    [Fact]
    public void A_MAC_table_whose_count_lies_is_refused()
    {
        using VhostClient client = Connect(Filters);
        AssertRefused(client, ControlCommand.Raw(1, 0, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
        AssertRefused(client, ControlCommand.Raw(1, 0, [1, 0, 0, 0, 1, 2, 3, 4, 5]));
        AssertRefused(client, ControlCommand.Raw(1, 0, [0, 0, 0, 0, 0, 0, 0, 0, 9])); // and a byte too many
    }

    [Fact]
    public void Commands_without_room_for_the_answer_or_without_bytes_come_back_empty()
    {
        using VhostClient client = Connect(Filters);
        Assert.Equal(0u, client.Post(2, [new byte[] { 0, 0 }, new byte[] { 0 }], [], Bound).Written);
        Assert.Equal([1], client.Post(2, [], [1], Bound).Data);
        Assert.Equal([1], client.Post(2, [new byte[] { 0 }], [1], Bound).Data);
        Assert.Equal([0], client.Post(2, [new byte[] { 0 }, new byte[] { 0 }, new byte[] { 1 }], [4], Bound).Data); // pieces of any length
    }

    [Fact]
    public void T_51_With_HASH_REPORT_the_header_has_20_bytes_at_both_ends()
    {
        using VhostClient client = Connect(CtrlVq | HashReport);
        Assert.Equal((20, 20), (client.Snapshot().HeaderLength, _server!.Snapshot().HeaderLength));
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = "not shifted" });
        ReceivedPacket back = Assert.Single(Returned(client, packet));
        Assert.Equal(packet.ToHex(), back.ToHex());
        Assert.Equal((20, 0u, 0, 1), (back.NetHeader.Size, back.NetHeader.HashValue, back.NetHeader.HashReport, back.NetHeader.BufferCount));
    }

    [Fact]
    public void The_control_queue_is_offered_on_demand_only_and_never_with_128_pairs()
    {
        using (VhostServer plain = VhostServer.Start(new VhostServerOptions { Name = "plain", Path = System.IO.Path.Combine(_directory, "p.sock"), Mode = ServerMode.Echo }))
            Assert.DoesNotContain("CtrlVq", plain.Snapshot().OfferedFeatures);
        VhostException error = Assert.Throws<VhostException>(() => Serve(128));
        Assert.Equal(VhostError.InvalidArgument, error.Error);
        using VhostClient without = Connect(Csum);
        Assert.Equal(VhostError.FeatureMissing, Assert.Throws<VhostException>(() => without.Control(ControlCommand.Promiscuous(true), Bound)).Error);
    }

    private VhostServer Serve(int pairs) => VhostServer.Start(new VhostServerOptions
    {
        Name = "sw0", Path = System.IO.Path.Combine(_directory, "lab.sock"), Mode = ServerMode.Echo, QueuePairs = pairs, ControlQueue = true,
    });

    private VhostClient Connect(VirtioFeatures features, int offered = 1, int pairs = 1)
    {
        _server = Serve(offered);
        return VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = _server.Path, Regions = [_region], RequireFeatures = features, QueuePairs = pairs });
    }

    private static void Do(VhostClient client, params ControlCommand[] commands)
    {
        foreach (ControlCommand command in commands) client.Control(command, Bound);
    }

    private static void AssertRefused(VhostClient client, ControlCommand command)
    {
        VhostException error = Assert.Throws<VhostException>(() => client.Control(command, Bound));
        Assert.Equal(VhostError.RequestRefused, error.Error);
        Assert.Contains(command.Name, error.Message, StringComparison.Ordinal);
    }

    private List<string> Returned(VhostClient client, params string[] destinations) =>
        [.. Returned(client, [.. destinations.Select(mac => PacketBuilder.Build(new PacketSpec { DestinationMac = MacAddress.Parse(mac) }))]).Select(packet => packet.DestinationMac.ToString()!)];

    /// <summary>What the echo sends back of these packets, when it has worked all of them.</summary>
    private List<ReceivedPacket> Returned(VhostClient client, params VhostPacket[] packets)
    {
        VhostServerInfo before = _server!.Snapshot();
        foreach (VhostPacket packet in packets) client.Send(packet, 1, 1, new SendPace(0), Bound, default);
        Assert.True(Peers.RawFrontEnd.WaitUntil(() => _server.Snapshot().PacketsReceived == before.PacketsReceived + packets.Length));
        long expected = _server.Snapshot().PacketsSent - before.PacketsSent;
        var received = new List<ReceivedPacket>();
        while (received.Count < expected) Assert.NotEqual(0, client.Receive(received, 0, 64, Bound, default));
        return received;
    }
}
