using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>When rings start, stop and go on, with our server as the back-end.</summary>
public sealed class RingLifeTraps : TrapTest
{
    [Fact]
    public void T_24_A_ring_starts_on_SET_VRING_KICK_without_a_kick()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        Assert.All(server.GetVringStates(), ring => Assert.True(ring.Started, ring.Verdict));
        Assert.Equal(0, Ring(server, 1).Kicks);
    }

    [Fact]
    public void T_26_Disabling_ring_1_disables_it()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        front.SetVringEnable(1, on: false); // index 1 and number 0 are 1 as a u64, which Snabb takes for "ready"
        Assert.False(Ring(server, 1).Enabled);
        Assert.True(Ring(server, 0).Enabled);
        Assert.False(front.PassPacket(timeout: Moment));
    }

    [Fact]
    public void T_27_GET_VRING_BASE_stops_its_ring_alone_and_forgets_its_kick()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        Assert.Equal(1u, front.GetVringBase(1));
        Assert.True(Ring(server, 0).Started); // DPDK stops the whole device here
        VringState stopped = Ring(server, 1);
        Assert.False(stopped.Started);
        Assert.False(stopped.HasKick);
        Assert.Contains("SET_VRING_KICK", stopped.Verdict, StringComparison.Ordinal);
        Assert.False(front.PassPacket(timeout: Moment)); // its kick goes to a descriptor that the server has closed

        front.SetUpRing(1, index: 1); // everything again, as for DPDK
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 2), Ring(server, 1).Verdict);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_28_The_reply_to_GET_VRING_BASE_comes_when_no_packet_is_in_work()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        GuestRing transmit = front.Rings[1];
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 200; i++) OfferPacket(front, i, kick: false);
            front.Signal(1);
            uint stoppedAt = front.GetVringBase(1);
            Assert.Equal(transmit.UsedIndex, (ushort)stoppedAt); // what was taken is used
            ushort used = transmit.UsedIndex;
            front.Signal(1);
            front.GetFeatures();
            Assert.Equal(used, transmit.UsedIndex);
            front.SetUpRing(1, (ushort)stoppedAt);
            Assert.True(RawFrontEnd.WaitUntil(() => transmit.UsedIndex == transmit.AvailableIndex), Ring(server, 1).Verdict);
        }
    }

    [Fact]
    public void T_29_The_verdict_names_the_condition_that_is_missing()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        AssertVerdict("SET_FEATURES");
        front.SetProtocolFeatures(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status);
        front.SetFeatures(front.GetSplitFeatures());
        AssertVerdict("SET_MEM_TABLE");
        front.SetMemTable();
        AssertVerdict("SET_VRING_NUM");
        front.SetVringNum(1);
        AssertVerdict("SET_VRING_ADDR");
        front.SetVringAddr(1);
        AssertVerdict("SET_VRING_KICK");
        front.SetVringKick(1);
        AssertVerdict("DRIVER_OK");
        front.Ask(FrontEndRequest.SetStatus, RawMessage.Of(0xful));
        AssertVerdict("SET_VRING_ENABLE");
        front.SetVringEnable(1);
        AssertVerdict("ok");

        void AssertVerdict(string names)
        {
            front.GetFeatures(); // a barrier
            Assert.Contains(names, Ring(server, 1).Verdict, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void T_30_A_ring_without_kick_and_call_descriptors_is_polled()
    {
        const ulong noFd = 1 << 8;
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringNum(ring);
            front.SetVringAddr(ring);
            Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringCall, RawMessage.Of((ulong)ring | noFd)));
            Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringKick, RawMessage.Of((ulong)ring | noFd)));
            front.SetVringEnable(ring);
        }
        Assert.All(server.GetVringStates(), ring => Assert.True(ring is { Started: true, HasKick: false, HasCall: false }, ring.Verdict));
        for (int i = 0; i < 3; i++)
        {
            Thread.Sleep(20); // long enough for the server to have gone to sleep
            AssertPasses(front, server);
        }
    }

    [Fact]
    public void T_31_A_ring_is_resumed_at_used_idx_and_says_how_many_chains_were_in_flight()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        GuestRing transmit = front.Rings[1];
        transmit.AvailableIndex = transmit.UsedIndex = 5;
        for (int i = 0; i < 3; i++) OfferPacket(front, i, kick: false);
        front.SetUpRing(1, index: 8); // the back-end before had taken all three and used none
        front.SetVringEnable(1);
        Assert.Equal(3, Ring(server, 1).ResumedInFlight);
        Assert.True(RawFrontEnd.WaitUntil(() => transmit.UsedIndex == 8), Ring(server, 1).Verdict);
        Assert.Equal([0u, 1u, 2u], new[] { 5, 6, 7 }.Select(slot => transmit.Used(slot).Id));
        Assert.Equal(3, server.Snapshot().PacketsReceived);
    }

    [Fact]
    public void T_32_Packets_that_were_kicked_before_the_back_end_came_are_found_without_another_kick()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        for (int i = 0; i < 4; i++) OfferPacket(front, i, kick: false);
        front.Start();
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 4), Ring(server, 1).Verdict);
        Assert.Equal(0, Ring(server, 1).Kicks);
    }

    [Fact]
    public void T_32_The_driver_is_called_when_a_ring_starts_and_when_it_gives_another_call_descriptor()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        foreach (GuestRing ring in front.Rings) ring.AvailableFlags = 1; // even if it asks for no calls
        front.Start(exclude: VirtioFeatures.EventIdx);
        Assert.Equal(1ul, EventFd.Consume(front.Call(0)));
        Assert.Equal(1ul, EventFd.Consume(front.Call(1)));
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringCall, RawMessage.Of(1ul), front.Call(9)));
        Assert.Equal(1ul, EventFd.Consume(front.Call(9)));
        Assert.Equal(0ul, EventFd.Consume(front.Call(1)));
    }

    [Fact]
    public void T_33_A_kick_while_the_ring_is_not_yet_enabled_is_not_lost()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        OfferPacket(front, 0, kick: true);
        Assert.True(RawFrontEnd.WaitUntil(() => Ring(server, 1).Kicks == 1)); // the kick is gone from the descriptor
        Assert.Equal(0, front.Rings[1].UsedIndex);
        front.SetVringEnable(1);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 1), Ring(server, 1).Verdict);
        Assert.Equal(1, server.Snapshot().PacketsReceived);
    }

    [Fact]
    public void T_35_RESET_OWNER_disables_all_rings_and_no_more()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.ResetOwner));
        Assert.All(server.GetVringStates(), ring => Assert.True(ring is { Started: true, Enabled: false }, ring.Verdict));
        OfferPacket(front, 5, kick: true);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 2)); // thrown away, as a disabled ring's packets are
        Assert.Equal(1, front.Rings[0].UsedIndex);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_36_Features_do_not_change_while_a_ring_runs()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        ulong features = (ulong)front.Features;
        AssertRefuses(front.Ask(FrontEndRequest.SetFeatures, RawMessage.Of(features & ~(ulong)VirtioFeatures.MrgRxbuf)), server, "SET_FEATURES changes features while a ring runs");
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetFeatures, RawMessage.Of(features)));
        AssertPasses(front, server);
        for (int ring = 0; ring < 2; ring++) front.GetVringBase(ring);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetFeatures, RawMessage.Of(features & ~(ulong)VirtioFeatures.MrgRxbuf)));
    }

    [Fact]
    public void T_37_The_next_session_finds_the_same_features_and_slots()
    {
        using VhostServer server = Serve(options => options with { ExcludeFeatures = VirtioFeatures.EventIdx });
        (VirtioFeatures, ProtocolFeatures, ulong) first = Offer(acknowledge: VirtioFeatures.Version1 | VirtioFeatures.ProtocolFeatures);
        (VirtioFeatures, ProtocolFeatures, ulong) second = Offer(acknowledge: VirtioFeatures.ProtocolFeatures);
        Assert.Equal(first, second);
        Assert.Equal(VirtioFeatures.None, first.Item1 & VirtioFeatures.EventIdx);

        (VirtioFeatures, ProtocolFeatures, ulong) Offer(VirtioFeatures acknowledge)
        {
            using RawFrontEnd front = Connect();
            VirtioFeatures features = front.GetFeatures();
            ProtocolFeatures protocol = front.GetProtocolFeatures();
            front.SetProtocolFeatures(ProtocolFeatures.ConfigureMemSlots);
            front.SetFeatures(acknowledge);
            return (features, protocol, front.GetUInt64(FrontEndRequest.GetMaxMemSlots));
        }
    }

    private static void OfferPacket(RawFrontEnd front, int slot, bool kick)
    {
        front.Rings[1].Describe(slot, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(slot), 100);
        front.Rings[1].Offer((ushort)slot);
        if (kick) front.Signal(1);
    }
}
