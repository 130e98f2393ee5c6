using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>The order in which known front-ends send their messages, replayed against our server until a packet passes.</summary>
public sealed class OrderTraps : TrapTest
{
    private const ProtocolFeatures QemuProtocol = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status;

    [Theory]
    [InlineData(QemuProtocol, true)]
    [InlineData(QemuProtocol, false)]
    [InlineData(QemuProtocol & ~ProtocolFeatures.ReplyAck, false)]
    [InlineData(ProtocolFeatures.None, false)]
    public void T_11_QEMU_s_order_brings_the_rings_up(ProtocolFeatures protocol, bool slots)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        VirtioFeatures features = front.GetSplitFeatures();
        protocol &= front.GetProtocolFeatures();
        front.SetProtocolFeatures(protocol);
        if (protocol != 0) Assert.Equal(1ul, front.GetUInt64(FrontEndRequest.GetQueueNum));
        if (protocol != 0) Assert.True(front.GetUInt64(FrontEndRequest.GetMaxMemSlots) >= 8);
        front.SetOwner();
        Assert.Equal(features, front.GetSplitFeatures());
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringCall(ring); // the masked descriptor
            front.Send(FrontEndRequest.SetVringErr, RawMessage.Of((ulong)ring), [front.Call(8 + ring)]);
        }
        front.SetVringEnable(0); // may come before SET_FEATURES and the memory
        front.SetFeatures(features);
        if (protocol != 0) SetStatus(front, DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk);
        if (slots) AddMemReg(front);
        else front.SetMemTable();
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringNum(ring);
            front.SetVringBase(ring);
            front.SetVringAddr(ring);
            front.SetVringKick(ring);
            front.SetVringCall(ring);
        }
        front.SetVringEnable(1);
        if (protocol != 0) SetStatus(front, (DeviceStatus)0xf);
        AssertPasses(front, server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T_12_Virtio_user_s_order_brings_the_rings_up(bool replyAck)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        VirtioFeatures features = front.GetSplitFeatures() & ~VirtioFeatures.EventIdx;
        front.SetProtocolFeatures(front.GetProtocolFeatures() & (replyAck ? ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck : ProtocolFeatures.Mq));
        for (int ring = 0; ring < 2; ring++) front.SetVringCall(ring); // before SET_FEATURES, "to allocate the queue pair"
        front.SetFeatures(features);
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringNum(ring);
            front.SetVringBase(ring);
            front.SetVringAddr(ring);
            front.SetVringKick(ring);
        }
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_13_Cloud_hypervisor_s_order_brings_the_rings_up()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++) front.SetVringNum(ring); // all sizes first, for SPDK
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringAddr(ring);
            front.SetVringBase(ring);
            front.SetVringCall(ring);
            front.SetVringKick(ring);
        }
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        AssertPasses(front, server);
    }

    [Fact]
    public unsafe void T_14_Vapp_s_order_without_SET_FEATURES_and_with_addresses_last_starts_enabled_rings()
    {
        const int size = 32768, stride = 1 << 20;
        using VhostServer server = Serve(options => options with { Profile = PeerProfile.Vapp, Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect(new GuestMemory(4 << 20));
        front.SetOwner();
        Assert.Equal(VirtioFeatures.None, front.GetFeatures());
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++)
        {
            front.Send(FrontEndRequest.SetVringNum, RawMessage.State((uint)ring, size));
            front.SetVringBase(ring);
            front.SetVringKick(ring);
            front.SetVringCall(ring);
            ulong start = GuestMemory.UserAddress + (ulong)(ring * stride); // struct vhost_vring: descriptors at 8, not at a multiple of 16
            front.Send(FrontEndRequest.SetVringAddr, RawMessage.Of(new VringAddressPayload { Index = (uint)ring, Descriptors = start + 8, Available = start + 524296, Used = start + 593920 }));
        }
        front.GetFeatures(); // a barrier: everything before has been handled
        Assert.All(server.GetVringStates(), ring =>
        {
            Assert.True(ring.Started, ring.Verdict);
            Assert.True(ring.Enabled);
            Assert.Equal(size, ring.Size);
            Assert.Equal(10, ring.HeaderLength);
        });
        byte* transmit = front.Memory.Address + stride;
        *(VhostUser.Rings.Split.SplitDescriptor*)(transmit + 8) = new() { Address = GuestMemory.GuestAddress + 3 * stride, Length = 100 };
        Volatile.Write(ref *(ushort*)(transmit + 524296 + 2), 1);
        front.Signal(1);
        Assert.True(RawFrontEnd.WaitUntil(() => Volatile.Read(ref *(ushort*)(transmit + 593920 + 2)) == 1));
        Assert.Equal(1, server.Snapshot().PacketsReceived);
    }

    [Fact]
    public void T_14_Without_the_vapp_profile_a_missing_SET_FEATURES_is_the_verdict()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetMemTable();
        front.SetUpRing(1);
        front.GetFeatures();
        VringState state = Ring(server, 1);
        Assert.False(state.Started);
        Assert.Contains("SET_FEATURES", state.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void T_18_SET_VRING_ENABLE_is_tolerated_without_bit_30()
    {
        using VhostServer server = Serve(options => options with { ExcludeFeatures = VirtioFeatures.ProtocolFeatures });
        using RawFrontEnd front = Connect();
        front.Start(); // bit 30 is not offered, so nothing was enabled by message
        Assert.Equal(VirtioFeatures.None, front.Features & VirtioFeatures.ProtocolFeatures);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_20_GET_PROTOCOL_FEATURES_is_answered_before_SET_FEATURES_and_before_SET_OWNER()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        Assert.NotEqual(VirtioFeatures.None, front.GetFeatures() & VirtioFeatures.ProtocolFeatures);
        Assert.NotEqual(ProtocolFeatures.None, front.GetProtocolFeatures() & ProtocolFeatures.ReplyAck);
        front.Start();
        AssertPasses(front, server);
    }

    [Fact]
    public void T_21_Without_bit_30_rings_are_enabled_by_SET_FEATURES()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.ProtocolFeatures);
        AssertPasses(front, server);
        Assert.True(Ring(server, 0).Enabled);
    }

    [Fact]
    public void T_21_With_bit_30_rings_wait_for_SET_VRING_ENABLE()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        Assert.All(server.GetVringStates(), ring => Assert.True(ring is { Started: true, Enabled: false }));
        Assert.False(front.PassPacket(timeout: Moment));
        Assert.Contains("SET_VRING_ENABLE has not come", Ring(server, 0).Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void T_22_ENABLE_0_before_GET_VRING_BASE_stops_the_rings_and_a_full_setup_starts_them_again()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        for (int i = 0; i < 3; i++) AssertPasses(front, server);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring, on: false);
        for (int ring = 0; ring < 2; ring++) Assert.Equal(3u, front.GetVringBase(ring));
        Assert.All(server.GetVringStates(), ring => Assert.False(ring.Started || ring.Enabled));
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetUpRing(ring, 3);
            front.SetVringEnable(ring);
        }
        AssertPasses(front, server);
    }

    private static void SetStatus(RawFrontEnd front, DeviceStatus status)
    {
        if (front.ReplyAck) Assert.Equal(0ul, front.Ask(FrontEndRequest.SetStatus, RawMessage.Of((ulong)status)));
        else front.Send(FrontEndRequest.SetStatus, RawMessage.Of((ulong)status));
        Assert.Equal((ulong)status, front.GetUInt64(FrontEndRequest.GetStatus));
    }

    private static void AddMemReg(RawFrontEnd front) =>
        Assert.Equal(0ul, front.Ask(FrontEndRequest.AddMemReg, RawMessage.Of(new SingleMemoryRegionPayload { Region = front.Memory.Row }), front.Memory.File.Number));
}
