using System.Buffers.Binary;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.NetMessages;

/// <summary>SEND_RARP, NET_SET_MTU and the configuration space of our server.</summary>
public sealed class NetMessageTests : TrapTest
{
    private const ProtocolFeatures All = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Rarp | ProtocolFeatures.Mtu | ProtocolFeatures.Config | ProtocolFeatures.Status
        | ProtocolFeatures.InflightShmfd | ProtocolFeatures.GetVringBaseInflight | ProtocolFeatures.GetVringBaseSkipDrain;

    private static readonly MacAddress Guest = MacAddress.Parse("02:11:22:33:44:55");

    [Fact]
    public void SEND_RARP_gives_the_device_a_broadcast_in_the_guest_s_name()
    {
        byte[]? announced = null;
        using VhostServer server = Serve(options => options with
        {
            Mode = ServerMode.Script,
            Handler = (queue, header, frame) =>
            {
                announced = frame.ToArray();
                return [];
            },
        });
        using RawFrontEnd front = Connect();
        front.Negotiate(All);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SendRarp, RawMessage.Of(0x5544_3322_1102ul)));
        Assert.NotNull(announced);
        Assert.Equal(60, announced.Length);
        Assert.Equal(MacAddress.Broadcast, MacAddress.FromBytes(announced));
        Assert.Equal(Guest, MacAddress.FromBytes(announced.AsSpan(6)));
        Assert.Equal("8035" + "0001" + "0800" + "06" + "04" + "0003" + "021122334455" + "00000000" + "021122334455" + "00000000", Convert.ToHexString(announced, 12, 30));
        VhostServerInfo info = server.Snapshot();
        Assert.Equal((1, Guest.ToString()), (info.Announcements, info.LastAnnounced));
        AssertRefuses(front.Ask(FrontEndRequest.SendRarp, RawMessage.Of(0xffful)), server, "SEND_RARP", "group");
    }

    [Theory]
    [InlineData(67ul, false)]
    [InlineData(68ul, true)]
    [InlineData(9000ul, true)]
    [InlineData(65535ul, true)]
    [InlineData(65536ul, false)]
    [InlineData(ulong.MaxValue, false)]
    public void NET_SET_MTU_takes_what_a_network_can_have(ulong mtu, bool taken)
    {
        using VhostServer server = Serve(options => options with { Mtu = 1500 });
        using RawFrontEnd front = ConnectAndStart(All & ~ProtocolFeatures.Status);
        ulong? result = front.Ask(FrontEndRequest.NetSetMtu, RawMessage.Of(mtu));
        if (taken) Assert.Equal(0ul, result);
        else AssertRefuses(result, server, "NET_SET_MTU", "68 to 65535");
        Assert.Equal(taken ? (int)mtu : 1500, server.Snapshot().Mtu);
        Assert.Equal(taken ? (ushort)mtu : 1500, BinaryPrimitives.ReadUInt16LittleEndian(GetConfig(front, 10, 2)));
        AssertPasses(front, server);
    }

    [Fact]
    public void A_source_sends_nothing_that_is_longer_than_the_MTU()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Source, PacketSize = 1000 });
        using RawFrontEnd front = ConnectAndStart(All & ~ProtocolFeatures.Status);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.NetSetMtu, RawMessage.Of(985ul)));
        front.Rings[0].Describe(0, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(0), 2048, VhostUser.Rings.DescriptorFlags.Write);
        front.Rings[0].Offer(0);
        front.Signal(0);
        Assert.False(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1, Moment));
        Assert.Equal(0ul, front.Ask(FrontEndRequest.NetSetMtu, RawMessage.Of(986ul)));
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1));
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => VhostServer.Start(new VhostServerOptions { Name = "x", Path = SocketPath + "2", Mode = ServerMode.Source, PacketSize = 1000, Mtu = 985 })).Error);
    }

    [Fact]
    public void The_configuration_space_is_that_of_a_network_device_and_its_features_are_offered()
    {
        using VhostServer server = Serve(options => options with { MacAddress = Guest, Mtu = 9000, QueuePairs = 4 });
        using RawFrontEnd front = Connect();
        front.Negotiate(All);
        const VirtioFeatures told = VirtioFeatures.Mac | VirtioFeatures.Mtu | VirtioFeatures.Status | VirtioFeatures.SpeedDuplex;
        Assert.Equal(told, front.Features & told);
        Assert.Equal("021122334455" + "0100" + "0400" + "2823" + "10270000" + "01" + "00" + "0000" + "00000000" + "00000000", Convert.ToHexString(GetConfig(front, 0, 28)));
    }

    [Fact]
    public void Without_an_address_and_an_MTU_nothing_is_told()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        Assert.Equal(ProtocolFeatures.None, front.GetProtocolFeatures() & ProtocolFeatures.Config);
        Assert.Equal(VirtioFeatures.None, front.GetFeatures() & (VirtioFeatures.Mac | VirtioFeatures.Mtu | VirtioFeatures.Status | VirtioFeatures.SpeedDuplex));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0u, 29u)]
    [InlineData(28u, 1u)]
    [InlineData(27u, 2u)]
    [InlineData(uint.MaxValue, 2u)]
    [InlineData(0u, 257u)]
    public void C_1_A_range_outside_of_the_space_is_answered_without_payload(uint offset, uint size)
    {
        using VhostServer server = Serve(options => options with { MacAddress = Guest });
        using RawFrontEnd front = Connect();
        front.Negotiate(All);
        using RawMessage reply = front.Get(FrontEndRequest.GetConfig, [.. RawMessage.Of(offset), .. RawMessage.Of(size), .. RawMessage.Of(0u), .. new byte[Math.Min(size, 256)]]);
        Assert.Empty(reply.Payload);
    }

    [Fact]
    public void SET_CONFIG_writes_the_address_of_a_legacy_driver_and_all_for_a_migration()
    {
        using VhostServer server = Serve(options => options with { MacAddress = Guest, Mtu = 1500 });
        using RawFrontEnd front = Connect();
        front.Negotiate(All, exclude: VirtioFeatures.Version1);
        Assert.Equal(0ul, SetConfig(0, [2, 0, 0, 0, 0, 9], flags: 0));
        AssertRefuses(SetConfig(0, [2, 0, 0, 0, 0, 9, 1], flags: 0), server, "SET_CONFIG", "can't be written");
        AssertRefuses(SetConfig(10, [1, 2], flags: 2), server, "flags 0x2");
        AssertRefuses(SetConfig(27, [1, 2], flags: 1), server, "the space has 28");
        AssertRefuses(SetConfig(uint.MaxValue, [1, 2], flags: 1), server, "the space has 28");
        AssertRefuses(SetConfig(0, [1, 2], flags: 1, size: 3), server, "carries 2");
        Assert.Equal(0ul, SetConfig(10, [0x28, 0x23], flags: 1));
        Assert.Equal("020000000009" + "0100" + "0100" + "2823", Convert.ToHexString(GetConfig(front, 0, 12)));

        ulong? SetConfig(uint offset, byte[] bytes, uint flags, uint? size = null) =>
            front.Ask(FrontEndRequest.SetConfig, [.. RawMessage.Of(offset), .. RawMessage.Of(size ?? (uint)bytes.Length), .. RawMessage.Of(flags), .. bytes]);
    }

    [Fact]
    public void SET_CONFIG_of_a_modern_driver_writes_nothing()
    {
        using VhostServer server = Serve(options => options with { MacAddress = Guest });
        using RawFrontEnd front = Connect();
        front.Negotiate(All);
        AssertRefuses(front.Ask(FrontEndRequest.SetConfig, [.. RawMessage.Of(0u), .. RawMessage.Of(1u), .. RawMessage.Of(0u), 7]), server, "can't be written");
        Assert.Equal(0x02, GetConfig(front, 0, 1)[0]);
    }

    [Fact]
    public void FEATURES_OK_does_not_stay_before_SET_FEATURES()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetProtocolFeatures(ProtocolFeatures.Status | ProtocolFeatures.ReplyAck);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetStatus, RawMessage.Of(11ul)));
        Assert.Equal(3ul, front.GetUInt64(FrontEndRequest.GetStatus));
        front.SetFeatures(front.GetFeatures());
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetStatus, RawMessage.Of(11ul)));
        Assert.Equal(11ul, front.GetUInt64(FrontEndRequest.GetStatus));
    }

    [Fact]
    public void GET_VRING_BASE_SKIP_DRAIN_stops_the_ring_and_needs_its_companions()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetProtocolFeatures(ProtocolFeatures.ReplyAck);
        AssertRefuses(front.Ask(FrontEndRequest.SetProtocolFeatures, RawMessage.Of((ulong)(ProtocolFeatures.ReplyAck | ProtocolFeatures.GetVringBaseSkipDrain))), server, "InflightShmfd");
        front.Start(All & ~ProtocolFeatures.Status);
        AssertPasses(front, server);
        using RawMessage reply = front.Get(FrontEndRequest.GetVringBaseSkipDrain, RawMessage.State(1, 0));
        Assert.Equal((uint)FrontEndRequest.GetVringBaseSkipDrain, reply.Request);
        Assert.Equal(1u, reply.Read<VringStatePayload>().Number);
        Assert.False(Ring(server, 1).Started);
        Assert.True(Ring(server, 0).Started);
    }

    [Fact]
    public void Our_client_announces_sets_the_MTU_and_reads_the_space()
    {
        using VhostServer server = Serve(options => options with { MacAddress = Guest });
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 4 << 20 });
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [region] }))
        {
            client.SendRarp(Guest);
            client.SetMtu(1400);
            Assert.Equal((1, 1400), (server.Snapshot().Announcements, server.Snapshot().Mtu));
            Assert.Equal("0211223344550100", Convert.ToHexString(client.GetConfig(0, 8)));
            Assert.Equal(VhostError.RequestRefused, Assert.Throws<VhostException>(() => client.SetMtu(1)).Error);
            Assert.Equal(VhostError.RequestRefused, Assert.Throws<VhostException>(() => client.GetConfig(100, 8)).Error);
            Assert.Equal(EndpointState.Running, client.State);
        }
    }

    private static byte[] GetConfig(RawFrontEnd front, uint offset, uint size)
    {
        using RawMessage reply = front.Get(FrontEndRequest.GetConfig, [.. RawMessage.Of(offset), .. RawMessage.Of(size), .. RawMessage.Of(0u), .. new byte[size]]);
        Assert.Equal(12 + (int)size, reply.Payload.Length);
        return reply.Payload[12..];
    }
}
