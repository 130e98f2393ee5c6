using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>What a server says of its rings when a front-end leaves out one thing, or a ring's indices can't be: the words name it.</summary>
public sealed class BackEndVerdictTests : TrapTest
{
    private const ProtocolFeatures WithStatus = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status;

    [Theory]
    [InlineData("features", "stopped: features were not acknowledged (SET_FEATURES)")]
    [InlineData("memory", "stopped: no memory region was received (SET_MEM_TABLE or ADD_MEM_REG)")]
    [InlineData("size", "stopped: no size was received (SET_VRING_NUM)")]
    [InlineData("addresses", "stopped: no addresses were received (SET_VRING_ADDR)")]
    [InlineData("kick", "stopped: no kick descriptor was received (SET_VRING_KICK starts a ring)")]
    [InlineData("status", "stopped: the front-end negotiated STATUS and has not set DRIVER_OK")]
    [InlineData("enable", "started but not enabled: SET_VRING_ENABLE has not come")]
    [InlineData("nothing", "ok; the front-end has sent nothing yet")]
    public void The_one_step_that_was_left_out_is_named(string missing, string verdict)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        front.SetProtocolFeatures(missing == "status" ? WithStatus : RawFrontEnd.AllProtocolFeatures);
        if (missing != "features") front.SetFeatures(front.GetSplitFeatures());
        if (missing != "memory") front.SetMemTable();
        if (missing != "size") front.SetVringNum(1);
        if (missing != "addresses") front.SetVringAddr(1);
        front.SetVringCall(1);
        if (missing != "kick") front.SetVringKick(1);
        if (missing != "enable") front.SetVringEnable(1);
        Assert.Equal(verdict, Ring(server, 1).Verdict);
        Assert.Equal(!verdict.StartsWith("stopped", StringComparison.Ordinal), Ring(server, 1).Started);
    }

    [Fact]
    public void T_27_A_ring_that_GET_VRING_BASE_stopped_says_so_until_it_is_kicked_again()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        front.GetVringBase(1);
        Assert.Equal("stopped: the front-end stopped it with GET_VRING_BASE, and has not started it again with SET_VRING_KICK", Ring(server, 1).Verdict);
        front.SetVringKick(1);
        Assert.StartsWith("ok", Ring(server, 1).Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void T_29_A_ring_whose_areas_are_in_no_region_names_the_area_and_the_regions()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        VringAddressPayload away = front.Rings[1].Addresses;
        away.Used += 1ul << 40;
        front.SetVringNum(1);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(away))); // before the memory: nothing to check it against
        front.SetVringCall(1);
        front.SetVringKick(1);
        front.SetVringEnable(1);
        front.SetMemTable();
        Assert.StartsWith("stopped: SET_VRING_ADDR: the used ring of ring 1", Ring(server, 1).Verdict, StringComparison.Ordinal);
        Assert.Contains("is not inside one region", Ring(server, 1).Verdict, StringComparison.Ordinal);
        front.SetVringAddr(1);
        Assert.StartsWith("ok", Ring(server, 1).Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void T_29_A_ring_whose_size_fits_packed_rings_only_says_what_is_missing()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        front.SetProtocolFeatures(RawFrontEnd.AllProtocolFeatures);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringNum, RawMessage.State(1, 100))); // before SET_FEATURES either layout may come
        front.SetFeatures(front.GetSplitFeatures());
        front.SetMemTable();
        Assert.Equal("stopped: its size is 100 (SET_VRING_NUM), and without RING_PACKED it must be a power of two from 1 to 32768", Ring(server, 1).Verdict);
    }

    [Fact]
    public void T_21_Without_bit_30_no_ENABLE_is_missed()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.ProtocolFeatures);
        Assert.Equal("ok; the front-end has sent nothing yet", Ring(server, 1).Verdict);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_35_RESET_OWNER_disables_all_rings_and_each_says_so()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        Assert.Equal(0ul, front.Ask(FrontEndRequest.ResetOwner));
        Assert.All(server.GetVringStates(), ring => Assert.Equal("disabled by the front-end: packets are thrown away", ring.Verdict));
    }

    [Fact]
    public void A_ring_that_is_disabled_later_throws_its_packets_away_and_says_so()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        front.SetVringEnable(1, on: false);
        Assert.Equal("disabled by the front-end: packets are thrown away", Ring(server, 1).Verdict);
    }

    [Fact]
    public void Without_a_call_descriptor_the_front_end_must_poll()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        StartTransmit(front, call: false);
        Assert.Equal("ok; the front-end has sent nothing yet", Ring(server, 1).Verdict);
        PassOne(front);
        Assert.Equal("no call descriptor was received (SET_VRING_CALL): the front-end must poll", Ring(server, 1).Verdict);
        front.Rings[1].AvailableFlags = 1; // NO_INTERRUPT: it wants no calls
        Assert.Equal("ok", Ring(server, 1).Verdict);
        front.Rings[1].AvailableFlags = 0;
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringCall, RawMessage.Of(0x101ul))); // ring 1, no descriptor
        Assert.Equal("ok; the front-end gave no call descriptor: it polls", Ring(server, 1).Verdict);
        front.SetVringCall(1);
        Assert.Equal("ok", Ring(server, 1).Verdict);
    }

    [Fact]
    public void A_receive_ring_without_buffers_says_so()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        Assert.Equal("the front-end has posted no receive buffers", Ring(server, 0).Verdict);
        AssertPasses(front, server);
        Assert.Equal("the front-end has no free receive buffer: the next packet for it will be dropped", Ring(server, 0).Verdict);
        front.Rings[0].Offer(0);
        Assert.Equal("ok", Ring(server, 0).Verdict);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Another_writer_of_the_used_ring_is_suspected_by_both_indices(int ring)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        front.Rings[ring].UsedIndex = 7;
        Assert.Equal("another program writes this ring: used.idx is 7, this server left it at 1", Ring(server, ring).Verdict);
    }

    [Fact]
    public void A_gap_of_the_available_index_is_named_before_anybody_takes_from_the_ring()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        front.Rings[0].AvailableIndex = 300; // an echo server looks there only when it has a packet
        Assert.Equal("the driver's available index 300 is more than the ring's size 256 ahead of 1", Ring(server, 0).Verdict);
        front.Rings[0].AvailableIndex = 257; // the ring is just full
        Assert.Equal("ok", Ring(server, 0).Verdict);
    }

    [Fact]
    public void Packets_without_a_kick_are_blamed_on_the_front_end_until_it_has_kicked_once()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        StartTransmit(front, call: true);
        AssertSeenWhileItSleeps(front, server, "packets wait and the front-end has never kicked");
        PassOne(front);
        AssertSeenWhileItSleeps(front, server, "packets wait to be taken");
    }

    [Fact]
    public void Packets_on_a_ring_without_a_kick_descriptor_wait_for_the_server_to_poll()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        StartTransmit(front, call: true, kick: false);
        AssertSeenWhileItSleeps(front, server, "packets wait; no kick descriptor: this server must poll");
    }

    [Fact]
    public void A_packet_whose_header_asks_for_what_was_not_negotiated_makes_the_server_ask_for_the_header_length()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.Csum);
        front.Memory.Bytes[front.Memory.Buffer(0)] = 1; // NEEDS_CSUM, or the packet's first byte of a front-end with another header
        PassOne(front);
        Assert.Equal("ok; the front-end has sent nothing yet; dropped: 1 InvalidHeader (does the peer use a virtio-net header of 12 bytes too?)", Ring(server, 1).Verdict);
    }

    private static void StartTransmit(RawFrontEnd front, bool call, bool kick = true)
    {
        front.Negotiate(exclude: VirtioFeatures.EventIdx);
        front.SetMemTable();
        front.SetVringNum(1);
        front.SetVringAddr(1);
        if (call) front.SetVringCall(1);
        if (kick) front.SetVringKick(1);
        else Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringKick, RawMessage.Of(0x101ul)));
        front.SetVringEnable(1);
    }

    private static void Offer(RawFrontEnd front)
    {
        front.Rings[1].Describe(0, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(0), 72);
        front.Rings[1].Offer(0);
    }

    private static void PassOne(RawFrontEnd front)
    {
        Offer(front);
        front.Signal(1);
        ushort offered = front.Rings[1].AvailableIndex;
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == offered), "The packet was not taken.");
    }

    /// <summary>A look wakes the server, which then takes the packet: so each try is a new packet, until one meets a server that sleeps.</summary>
    private static void AssertSeenWhileItSleeps(RawFrontEnd front, VhostServer server, string verdict)
    {
        string seen = "";
        bool found = RawFrontEnd.WaitUntil(() =>
        {
            Offer(front);
            seen = Ring(server, 1).Verdict;
            ushort offered = front.Rings[1].AvailableIndex;
            Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == offered), "The packet was not taken.");
            return seen == verdict;
        }, Soon);
        Assert.True(found, $"Expected '{verdict}'; the last verdict was '{seen}'.");
    }
}
