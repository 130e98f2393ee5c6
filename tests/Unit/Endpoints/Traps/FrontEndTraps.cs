using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Our client as the front-end of scripted back-ends, each as strict or as odd as a known program.</summary>
public sealed class FrontEndTraps : TrapTest
{
    private const ProtocolFeatures RustProtocol = ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.Status;
    private const VirtioFeatures SnabbFeatures = VirtioFeatures.AnyLayout | VirtioFeatures.MrgRxbuf | VirtioFeatures.Csum | VirtioFeatures.IndirectDesc | VirtioFeatures.ProtocolFeatures;

    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "trap", Size = 8 << 20 });

    public override void Dispose()
    {
        _region.Dispose();
        base.Dispose();
    }

    [Fact]
    public void T_01_A_reply_with_NEED_REPLY_left_in_its_flags_is_accepted()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ReplyFlags = 0xd }.Start();
        using VhostClient client = Connect();
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Fact]
    public void T_02_A_reply_that_arrives_byte_by_byte_is_put_together()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { InPieces = true }.Start();
        using VhostClient client = Connect();
        Assert.Equal(["MrgRxbuf", "ProtocolFeatures", "Version1"], client.Snapshot().Features);
    }

    [Theory]
    [InlineData(GetFeatures, "GET_FEATURES")]
    [InlineData(GetProtocolFeatures, "GET_PROTOCOL_FEATURES")]
    [InlineData(GetMaxMemSlots, "GET_MAX_MEM_SLOTS")]
    [InlineData(SetVringNum, "SET_VRING_NUM")]
    public void T_03_A_reply_of_another_size_is_refused_by_name(FrontEndRequest request, string name)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = RustProtocol, Change = (to, reply) => to == request ? reply[..4] : reply }.Start();
        var error = Assert.Throws<VhostException>(() => Connect());
        Assert.Equal(VhostError.ReplyInvalid, error.Error);
        Assert.Contains($"The reply to {name} has 4 bytes; expected 8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(ProtocolFeatures.ReplyAck)]
    public void T_05_NEED_REPLY_is_set_on_requests_without_a_reply_once_REPLY_ACK_is_negotiated(ProtocolFeatures offer)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = offer }.Start();
        using (Connect()) { }
        ReceivedRequest[] requests = back.Requests;
        int negotiated = offer == 0 ? int.MaxValue : Array.FindIndex(requests, request => request.Request == SetProtocolFeatures);
        for (int i = 0; i < requests.Length; i++)
        {
            bool ownReply = requests[i].Request is GetFeatures or GetProtocolFeatures or GetVringBase;
            Assert.Equal(i > negotiated && !ownReply ? 9u : 1u, requests[i].Flags);
        }
    }

    [Theory]
    [InlineData(RustProtocol)]
    [InlineData(ProtocolFeatures.Mq)]
    public void T_09_T_15_T_48_Rust_vmm_finds_nothing_to_refuse(ProtocolFeatures protocol)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = protocol, Rule = PeerRules.RustVmm }.Start();
        using (Connect()) { }
        AssertServed(back);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T_16_T_19_T_26_T_51_Snabb_finds_nothing_to_refuse_and_the_base_agrees_with_used_idx(bool mergeable)
    {
        VirtioFeatures offer = mergeable ? SnabbFeatures : SnabbFeatures & ~VirtioFeatures.MrgRxbuf;
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = offer, ProtocolOffer = ProtocolFeatures.None, Rule = SnabbRule }.Start();
        using (VhostClient client = Connect()) Assert.Equal(mergeable ? 12 : 10, client.Snapshot().HeaderLength);
        AssertServed(back);
        // "Disable ring 1" means ready to it: only GET_VRING_BASE, as the last word, keeps it off the rings.
        Assert.Equal(GetVringBase, back.Requests[^1].Request);

        // A base that was sent before the addresses is lost: Snabb takes used.idx at that moment, so the two must agree.
        unsafe string? SnabbRule(ReceivedRequest request, IReadOnlyList<ReceivedRequest> before)
        {
            if (request.Request != SetVringAddr) return PeerRules.Snabb(request, before);
            byte* used = (byte*)(_region.MappingAddress + (request.Read<VringAddressPayload>().Used - _region.UserAddress));
            uint start = before.Last(other => other.Request == SetVringBase && other.Index == request.Index).Number;
            return *(ushort*)(used + 2) == start ? PeerRules.Snabb(request, before) : "used.idx is not the base";
        }
    }

    [Fact]
    public void T_13_SPDK_gets_all_sizes_before_the_first_address()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Rule = PeerRules.Spdk }.Start();
        using (Connect()) { }
        AssertServed(back);
    }

    [Fact]
    public void T_29_T_46_DPDK_gets_a_call_descriptor_for_every_ring_before_it_is_enabled()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = RustProtocol, Rule = PeerRules.Dpdk }.Start();
        using (Connect()) { }
        AssertServed(back);
        Assert.Equal([0u, 1u], back.All(SetVringCall).Select(request => request.Index));
    }

    [Fact]
    public void T_17_T_24_T_32_Every_ring_gets_a_kick_after_its_descriptor_was_sent()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = ProtocolFeatures.Mq | ProtocolFeatures.LogShmfd }.Start();
        using VhostClient client = Connect();
        client.Snapshot();
        Assert.True(Peers.RawFrontEnd.WaitUntil(() => back.All(SetVringEnable).Length == 2));
        Assert.True(back.ConsumeKicks(0) >= 1);
        Assert.True(back.ConsumeKicks(1) >= 1); // no packet was sent: VPP would not start the ring without this
    }

    [Fact]
    public void T_18_SET_VRING_ENABLE_is_not_sent_to_a_back_end_without_bit_30()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = VirtioFeatures.MrgRxbuf }.Start();
        using (Connect()) { }
        Assert.NotEmpty(back.All(SetVringKick));
        Assert.DoesNotContain(back.Requests, request => request.Request is SetVringEnable or GetProtocolFeatures or SetProtocolFeatures);
    }

    [Fact]
    public void T_20_T_25_T_26_Bit_30_is_acknowledged_and_every_ring_is_enabled_by_message()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = ProtocolFeatures.None }.Start();
        using VhostClient client = Connect();
        Assert.True(Peers.RawFrontEnd.WaitUntil(() => back.All(SetVringEnable).Length == 2));
        Assert.NotEqual(0ul, back.AcknowledgedFeatures & (1 << 30)); // libvhost-user tests other bits in its place
        Assert.Equal([(0u, 1u), (1u, 1u)], back.All(SetVringEnable).Select(request => (request.Index, request.Number)));
        FrontEndRequest[] order = [.. back.Requests.Select(request => request.Request)];
        Assert.True(Array.IndexOf(order, GetProtocolFeatures) < Array.IndexOf(order, SetFeatures));
    }

    [Fact]
    public void T_22_T_27_T_35_A_client_disables_and_stops_every_ring_before_it_leaves_and_never_resets_the_owner()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = RustProtocol }.Start();
        int connected;
        using (Connect()) connected = back.Requests.Length;
        Assert.Equal([SetVringEnable, SetVringEnable, GetVringBase, GetVringBase, SetStatus], back.Requests[connected..].Select(request => request.Request));
        Assert.All(back.Requests[connected..].Take(2), request => Assert.Equal(0u, request.Number));
        Assert.DoesNotContain(back.Requests, request => request.Request == ResetOwner);
    }

    [Fact]
    public void T_23_A_back_end_that_looks_at_its_socket_every_half_second_is_waited_for()
    {
        Assert.True(new VhostClientOptions { Name = "x", Path = "x", Regions = [] }.Timeout >= TimeSpan.FromSeconds(10));
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = SnabbFeatures, ProtocolOffer = ProtocolFeatures.None, Delay = TimeSpan.FromSeconds(0.5) }.Start();
        using VhostClient client = Connect();
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Fact]
    public void T_23_A_back_end_that_does_not_answer_in_time_is_named_with_the_request()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Delay = TimeSpan.FromSeconds(1) }.Start();
        var error = Assert.Throws<VhostException>(() => Connect(options => options with { Timeout = TimeSpan.FromSeconds(0.2) }));
        Assert.Equal(VhostError.PeerTimeout, error.Error);
        Assert.Contains("GET_FEATURES", error.Message, StringComparison.Ordinal);
        Assert.Contains("Snabb", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void T_34_Nothing_is_said_about_rings_while_they_run()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = RustProtocol }.Start();
        using VhostClient client = Connect();
        int connected = back.Requests.Length;
        client.Send(new byte[64], 1, 100, 0, Soon, default);
        client.Receive([], 0, 1, TimeSpan.Zero, default);
        client.GetVringStates();
        Assert.Equal(connected, back.Requests.Length); // SPDK starts its session again at each such message
    }

    [Fact]
    public void T_37_T_55_A_feature_that_is_required_and_not_offered_is_named()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = SnabbFeatures }.Start();
        var error = Assert.Throws<VhostException>(() => Connect(options => options with { RequireFeatures = VirtioFeatures.Version1 }));
        Assert.Equal(VhostError.FeatureMissing, error.Error);
        Assert.Contains("does not offer Version1; it offers Csum, MrgRxbuf, AnyLayout", error.Message, StringComparison.Ordinal);
        Assert.Empty(back.All(SetFeatures));
    }

    [Theory]
    [InlineData(ProtocolFeatures.None, "the back-end takes 8")]
    [InlineData(ProtocolFeatures.ConfigureMemSlots, "the back-end takes 8")]
    public void T_42_A_ninth_region_is_an_error_before_any_region_is_sent(ProtocolFeatures protocol, string names)
    {
        SharedRegion[] more = [.. Enumerable.Range(0, 8).Select(i => SharedRegion.Create(new SharedRegionOptions { Name = "more" + i, Size = 4096 }))];
        try
        {
            using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = protocol }.Start(); // 8 slots, as DPDK
            var error = Assert.Throws<VhostException>(() => Connect(options => options with { Regions = [_region, .. more] }));
            Assert.Equal(VhostError.MemoryRegionInvalid, error.Error);
            Assert.Contains("9 regions were given; " + names, error.Message, StringComparison.Ordinal);
            Assert.Empty(back.All(SetMemTable));
            Assert.Empty(back.All(AddMemReg));
        }
        finally
        {
            foreach (SharedRegion region in more) region.Dispose();
        }
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(ProtocolFeatures.ConfigureMemSlots)]
    public void T_40_T_47_T_50_Regions_start_at_offset_0_with_three_kinds_of_addresses_and_no_log_is_sent(ProtocolFeatures protocol)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = protocol | ProtocolFeatures.LogShmfd, Offer = VirtioFeatures.ProtocolFeatures | VirtioFeatures.LogAll }.Start();
        using (Connect()) { }
        MemoryRegionDescription row = protocol == 0
            ? System.Runtime.InteropServices.MemoryMarshal.Read<MemoryRegionDescription>(Assert.Single(back.All(SetMemTable)).Payload.AsSpan(8))
            : Assert.Single(back.All(AddMemReg)).Read<SingleMemoryRegionPayload>().Region;
        Assert.Equal(0ul, row.MmapOffset); // vapp and DPDK disagree with the specification about any other
        Assert.Equal(3, new[] { row.GuestAddress, row.UserAddress, _region.MappingAddress }.Distinct().Count());
        Assert.All(back.All(SetVringAddr), request => Assert.InRange(request.Read<VringAddressPayload>().Descriptors, row.UserAddress, row.UserAddress + row.Size - 1));
        Assert.DoesNotContain(back.Requests, request => request.Request is SetLogBase or SetLogFd);
        Assert.Equal(0ul, back.AcknowledgedFeatures & (ulong)VirtioFeatures.LogAll);
    }

    private VhostClient Connect(Func<VhostClientOptions, VhostClientOptions>? with = null)
    {
        var options = new VhostClientOptions { Name = "trap", Path = SocketPath, Regions = [_region] };
        return VhostClient.Connect(with is null ? options : with(options));
    }

    // Without REPLY_ACK the client does not wait: look when the last request of its farewell has come.
    private static void AssertServed(ScriptedBackEnd back)
    {
        Assert.Equal(2, back.All(GetVringBase).Length);
        back.AssertContent();
    }
}
