using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Packed rings over a live socket: how they start, stop, go on after their back-end died, and are reset one by one.</summary>
public sealed class PackedRingTraps : TrapTest
{
    [Theory]
    [InlineData(256, false)]
    [InlineData(100, true)] // no power of two
    [InlineData(1, false)]
    public void A_packed_ring_of_any_size_passes_packets_for_several_laps(int size, bool eventIdx)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        var driver = new PackedFrontEnd(front.Memory, size, eventIdx);
        driver.Start(front);
        for (int i = 0; i < 600; i++) Assert.True(driver.PassPacket(front), $"packet {i}: {server.Snapshot().Fault ?? Ring(server, 1).Verdict}");
        VringState state = Ring(server, 1);
        Assert.Equal("Packed", state.Layout);
        Assert.Equal((600 % size, 600 / size % 2 == 0), (state.UsedOffset, state.UsedWrap));
        Assert.StartsWith("ok", state.Verdict, StringComparison.Ordinal);
        front.Memory.Bytes[front.Rings[1].UsedOffset] ^= 1;
        Assert.StartsWith("another program writes this ring", Ring(server, 1).Verdict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 300)]
    [InlineData(false, 300)]
    [InlineData(false, 256)]
    [InlineData(false, 5)]
    public void A_server_that_comes_after_another_goes_on_whatever_base_it_is_told(bool exact, int before)
    {
        using RawFrontEnd guest = StartGuest(before, full: true, out PackedFrontEnd driver, out uint[] bases);
        for (int session = 0; session < 3; session++)
        {
            using VhostServer server = Serve();
            RawFrontEnd front = RawFrontEnd.Connect(SocketPath, guest.Memory); // not disposed: the memory is the guest's
            driver.Start(front, exact ? bases[0] : PackedFrontEnd.Fresh, exact ? bases[1] : PackedFrontEnd.Fresh);
            for (int i = 0; i < 70; i++) Assert.True(driver.PassPacket(front), $"session {session}, packet {i}: {server.Snapshot().Fault ?? Ring(server, 1).Verdict}");
            bases = [Bits(server, 0), Bits(server, 1)];
            front.Socket.Dispose(); // no GET_VRING_BASE: to the ring this is a kill
        }
    }

    [Fact]
    public void Packets_that_were_posted_while_no_server_was_there_are_taken()
    {
        using RawFrontEnd guest = StartGuest(40, full: true, out PackedFrontEnd driver, out _);
        for (int i = 0; i < 10; i++) driver.PostPacket();
        using VhostServer server = Serve();
        using RawFrontEnd front = RawFrontEnd.Connect(SocketPath, guest.Memory);
        driver.Start(front);
        Assert.True(RawFrontEnd.WaitUntil(() => Ring(server, 1).Packets == 10), Ring(server, 1).Verdict);
        Assert.Equal(10, Ring(server, 0).Packets);
    }

    [Fact]
    public void T_27_GET_VRING_BASE_carries_both_places_with_their_wrap_counters()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        var driver = new PackedFrontEnd(front.Memory);
        driver.Start(front);
        for (int i = 0; i < 260; i++) Assert.True(driver.PassPacket(front));
        Assert.Equal(0x0004_0004u, front.GetVringBase(1)); // 260 = a lap of 256, after which the counters are 0, and 4
        Assert.True(Ring(server, 0).Started);
        driver.SetUpRing(front, 1, 0x0004_0004);
        for (int i = 0; i < 10; i++) Assert.True(driver.PassPacket(front), Ring(server, 1).Verdict);
    }

    [Fact]
    public void RING_RESET_restarts_one_packed_ring_while_the_other_runs()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        var driver = new PackedFrontEnd(front.Memory);
        driver.Start(front);
        for (int i = 0; i < 20; i++) Assert.True(driver.PassPacket(front));
        front.GetVringBase(1);
        driver.Reset(1);
        driver.SetUpRing(front, 1, PackedFrontEnd.Fresh);
        for (int i = 0; i < 20; i++) Assert.True(driver.PassPacket(front), Ring(server, 1).Verdict);
        Assert.Equal(40, Ring(server, 0).Packets);
    }

    [Fact]
    public void RING_RESET_restarts_one_split_ring_while_the_other_runs()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        Assert.NotEqual(VirtioFeatures.None, front.Features & VirtioFeatures.RingReset);
        for (int i = 0; i < 20; i++) AssertPasses(front, server);
        front.GetVringBase(1);
        front.Memory.Bytes.Slice(front.Rings[1].DescriptorOffset, 0x8000).Clear();
        front.SetUpRing(1);
        for (int i = 0; i < 20; i++) AssertPasses(front, server);
        Assert.Equal(40, Ring(server, 0).Packets);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_size_that_came_before_the_features_is_judged_by_the_layout_in_the_end(bool packed)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        front.SetProtocolFeatures(RawFrontEnd.AllProtocolFeatures);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringNum, RawMessage.State(1, 100)));
        front.SetMemTable();
        front.SetVringAddr(1);
        front.SetVringCall(1);
        front.SetVringKick(1);
        front.SetFeatures(VirtioFeatures.Version1 | VirtioFeatures.ProtocolFeatures | (packed ? VirtioFeatures.RingPacked : 0));
        VringState state = Ring(server, 1);
        Assert.Equal(packed, state.Started);
        if (!packed) Assert.Contains("its size is 100", state.Verdict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 0, 0, "the descriptor ring of ring 1", "not a multiple of 16")]
    [InlineData(0, 2, 0, "the driver event suppression area of ring 1", "not a multiple of 4")]
    [InlineData(0, 0, 2, "the device event suppression area of ring 1", "not a multiple of 4")]
    [InlineData(0, 0, 0x7000_0000, "the device event suppression area of ring 1, 4 bytes", "not inside one region")]
    public void SET_VRING_ADDR_of_a_packed_ring_names_the_area_that_is_wrong(int descriptors, int driverEvent, int deviceEvent, string area, string rule)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        new PackedFrontEnd(front.Memory).Negotiate(front);
        front.SetVringNum(1);
        VringAddressPayload addresses = front.Rings[1].Addresses;
        addresses.Descriptors += (ulong)descriptors;
        addresses.Available += (ulong)driverEvent;
        addresses.Used += (ulong)deviceEvent;
        AssertRefuses(front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(addresses)), server, area, rule);
    }

    [Fact]
    public void A_packed_ring_that_breaks_the_rules_ends_the_session_R_17()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        var driver = new PackedFrontEnd(front.Memory);
        driver.Start(front);
        Assert.True(driver.PassPacket(front));
        driver.PostByHand(slot: 1, id: 0x7f00);
        front.Signal(1);
        AssertEnds(front, server, VhostError.DescriptorIndexInvalid, "Ring 1");
    }

    private RawFrontEnd StartGuest(int packets, bool full, out PackedFrontEnd driver, out uint[] bases)
    {
        using VhostServer server = Serve();
        RawFrontEnd front = Connect();
        driver = new PackedFrontEnd(front.Memory);
        driver.Start(front);
        while (full && driver.Receive.Free > 0) driver.PostBuffer();
        for (int i = 0; i < packets; i++) Assert.True(driver.PassPacket(front), Ring(server, 1).Verdict);
        bases = [Bits(server, 0), Bits(server, 1)];
        front.Socket.Dispose();
        return front;
    }

    private static uint Bits(VhostServer server, int ring)
    {
        VringState state = Ring(server, ring);
        uint bits = (uint)state.UsedOffset! | (state.UsedWrap == true ? 0x8000u : 0);
        return bits | bits << 16;
    }
}
