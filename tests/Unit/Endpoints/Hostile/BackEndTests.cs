using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group P, and F from the other side: a back-end that answers wrongly, or writes garbage into the used ring.</summary>
public sealed class BackEndTests : HostileBackEndTest
{
    private sealed record Case(string Name, FrontEndRequest Request, Action<RawBackEnd, RawMessage> Answer, VhostError Error, params string[] Words);

    private static readonly Dictionary<string, Case> s_cases = new Case[]
    {
        new("P-1 reply to another request", GetFeatures, (it, _) => it.Reply(2, new byte[8]), VhostError.ReplyInvalid, "Expected the reply to GET_FEATURES", "SET_FEATURES with flags 0x5 came"),
        new("P-1 reply to request 0", GetFeatures, (it, _) => it.Reply(0, new byte[8]), VhostError.ReplyInvalid, "request 0 with flags 0x5"),
        new("P-1 reply to request 0xffffffff", GetFeatures, (it, _) => it.Reply(uint.MaxValue, new byte[8]), VhostError.ReplyInvalid, "request 4294967295"),
        new("P-1 no reply flag", GetFeatures, (it, m) => it.Reply(m.Request, new byte[8], 1), VhostError.ReplyInvalid, "flags 0x1 came"),
        new("P-1 flags 0", GetFeatures, (it, m) => it.Reply(m.Request, new byte[8], 0), VhostError.ReplyInvalid, "flags 0x0 came"),
        new("P-1 version 2", GetFeatures, (it, m) => it.Reply(m.Request, new byte[8], 6), VhostError.ReplyInvalid, "flags 0x6 came"),
        new("P-1 empty reply", GetFeatures, (it, m) => it.Reply(m.Request, []), VhostError.ReplyInvalid, "has 0 bytes; expected 8"),
        new("P-1 short reply", GetFeatures, (it, m) => it.Reply(m.Request, new byte[4]), VhostError.ReplyInvalid, "has 4 bytes; expected 8"),
        new("P-1 long reply", GetFeatures, (it, m) => it.Reply(m.Request, new byte[16]), VhostError.ReplyInvalid, "has 16 bytes; expected 8"),
        new("P-1 huge reply", GetFeatures, (it, m) => it.Reply(m.Request, new byte[5000]), VhostError.MessageSizeInvalid, "GET_FEATURES came with a payload of 5000 bytes"),
        new("P-1 size 0xffffffff", GetFeatures, (it, m) => it.Reply(m.Request, new byte[8], size: uint.MaxValue), VhostError.MessageSizeInvalid, "4294967295 bytes"),
        new("P-1 half a header", GetFeatures, (it, m) => Half(it, m, 6), VhostError.MessageIncomplete, "6 bytes into a message"),
        new("P-1 half a reply", GetFeatures, (it, m) => Half(it, m, 16), VhostError.MessageIncomplete, "16 bytes into a message"),
        new("P-1 no reply", GetFeatures, (_, _) => { }, VhostError.PeerTimeout, "did not answer GET_FEATURES within"),
        new("P-1 no acknowledgement", SetFeatures, (_, _) => { }, VhostError.PeerTimeout, "did not answer SET_FEATURES within"),
        new("P-1 half a reply and silence", GetFeatures, (it, m) => it.Socket!.Send(RawMessage.Bytes(m.Request, new byte[8], 5).AsSpan(0, 15)), VhostError.PeerTimeout, "did not answer GET_FEATURES"),
        new("P-1 close instead of a reply", GetProtocolFeatures, (it, _) => it.Close(), VhostError.PeerDisconnected, "closed the connection"),
        new("P-1 refusal of SET_FEATURES", SetFeatures, (it, m) => it.Reply(m.Request, RawMessage.Of(1UL)), VhostError.RequestRefused, "refused SET_FEATURES (result 1)"),
        new("P-1 refusal of ADD_MEM_REG", AddMemReg, (it, m) => it.Reply(m.Request, RawMessage.Of(ulong.MaxValue)), VhostError.RequestRefused, "refused ADD_MEM_REG (result 18446744073709551615)"),
        new("P-1 refusal of SET_VRING_ADDR", SetVringAddr, (it, m) => it.Reply(m.Request, RawMessage.Of(22UL)), VhostError.RequestRefused, "refused SET_VRING_ADDR (result 22)"),
        new("P-1 acknowledgement of another request", SetVringNum, (it, m) => it.Reply((uint)SetVringBase, RawMessage.Of(0UL)), VhostError.ReplyInvalid, "Expected the reply to SET_VRING_NUM", "SET_VRING_BASE"),
        new("P-1 acknowledgement of 4 bytes", SetVringKick, (it, m) => it.Reply(m.Request, new byte[4]), VhostError.ReplyInvalid, "SET_VRING_KICK has 4 bytes; expected 8"),
        new("P-1 two acknowledgements", SetVringBase, (it, m) => { it.Answer(m); it.Answer(m); }, VhostError.ReplyInvalid, "SET_VRING_BASE with flags 0x5 came"),
        new("P-1 no memory slots", GetMaxMemSlots, (it, m) => it.Reply(m.Request, RawMessage.Of(0UL)), VhostError.MemoryRegionInvalid, "1 regions were given; the back-end takes 0"),
        new("P-1 FEATURES_OK is not kept", GetStatus, (it, m) => it.Reply(m.Request, RawMessage.Of(0UL)), VhostError.FeatureMissing, "left FEATURES_OK unset"),
        new("P-1 253 descriptors and a wrong reply", GetFeatures, (it, m) => WithFds(it, m, 253, 4), VhostError.ReplyInvalid, "has 4 bytes"),
    }.ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_answer_ends_the_connect_and_is_named(string name)
    {
        Case row = s_cases[name];
        using (var backEnd = new RawBackEnd(SocketPath, (row.Request, row.Answer)))
        {
            VhostException error = Assert.Throws<VhostException>(() => Connect());
            Assert.Equal(row.Error, error.Error);
            foreach (string word in row.Words) Assert.Contains(word, error.Message, StringComparison.Ordinal);
            Assert.NotNull(error.RecommendedAction);
        }
        AssertRegionFree();
    }

    [Theory]
    [InlineData("P-1 trickled replies")]
    [InlineData("P-1 NEED_REPLY left standing in replies")]
    [InlineData("P-1 a descriptor with every reply")]
    public void A_strange_answer_that_can_be_understood_is(string name)
    {
        Action<RawBackEnd, RawMessage> answer = name switch
        {
            "P-1 trickled replies" => (it, m) => Trickle(it, RawMessage.Bytes(m.Request, RawMessage.Of((ulong)it.Features), RawMessage.Reply)),
            "P-1 NEED_REPLY left standing in replies" => (it, m) => it.Reply(m.Request, RawMessage.Of((ulong)it.Features), 0xd),
            _ => (it, m) => WithFds(it, m, 1, 8),
        };
        using (var backEnd = new RawBackEnd(SocketPath, (GetFeatures, answer)))
        using (VhostClient client = Connect())
            Assert.Equal(EndpointState.Running, client.Snapshot().State);
        AssertRegionFree();
    }

    [Theory]
    [InlineData("P-1 used id beyond the ring", 1u, 256u, 0u, 1, VhostError.UsedElementInvalid, "descriptor 256, which is beyond the ring of 256")]
    [InlineData("P-1 used id 0xffffffff", 1u, uint.MaxValue, 0u, 1, VhostError.UsedElementInvalid, "4294967295")]
    [InlineData("P-1 used id that is not in flight", 1u, 77u, 0u, 1, VhostError.UsedElementInvalid, "77")]
    [InlineData("P-1 used index beyond what is in flight", 1u, 0u, 0u, 2, VhostError.UsedIndexInvalid, "only 1 chains are in flight")]
    [InlineData("P-1 used index jumps by 0x8000", 1u, 0u, 0u, 0x8000, VhostError.UsedIndexInvalid, "32768")]
    [InlineData("P-1 used index goes back", 1u, 0u, 0u, 0xffff, VhostError.UsedIndexInvalid, "65535")]
    [InlineData("P-1 written into a transmit buffer", 1u, 0u, 100u, 1, VhostError.UsedElementInvalid, "wrote 100 bytes")]
    [InlineData("P-1 receive length beyond the buffer", 0u, 0u, 2049u, 1, VhostError.UsedElementInvalid, "wrote 2049 bytes")]
    [InlineData("P-1 receive length 0xffffffff", 0u, 0u, uint.MaxValue, 1, VhostError.UsedElementInvalid, "wrote 4294967295 bytes")]
    [InlineData("P-1 receive id beyond the ring", 0u, 300u, 60u, 1, VhostError.UsedElementInvalid, "300")]
    [InlineData("P-1 receive index beyond the posted buffers", 0u, 0u, 60u, 257, VhostError.UsedIndexInvalid, "257")]
    public void Garbage_in_the_used_ring_ends_the_session_and_is_named(string name, uint ring, uint id, uint length, int index, VhostError expected, string words)
    {
        Assert.StartsWith("P-1", name, StringComparison.Ordinal);
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
        {
            client.Send(new byte[60], 1, 1, 0, TimeSpan.FromSeconds(1), default);
            Assert.Equal(1, backEnd.AvailableIndex(1));
            backEnd.Use(ring, 0, id, length, (ushort)index);
            VhostException error = Assert.Throws<VhostException>(() =>
            {
                if (ring == 0) client.Receive([], 0, 1, TimeSpan.FromSeconds(1), default);
                else client.Send(new byte[60], 1, 1, 0, TimeSpan.FromSeconds(1), default);
            });
            Assert.Equal(expected, error.Error);
            Assert.Contains($"ring {ring}", error.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            VhostClientInfo info = client.Snapshot();
            Assert.Equal(EndpointState.Faulted, info.State);
            Assert.Equal(expected.ToString(), info.FaultId);
        }
        AssertRegionFree();
    }

    [Theory]
    [InlineData("P-1 message without being asked", 40u, VhostError.ReplyInvalid, "without being asked")]
    [InlineData("P-1 close in traffic", 0u, VhostError.PeerDisconnected, "closed the connection")]
    public void A_back_end_that_goes_or_speaks_in_traffic_is_noticed(string name, uint request, VhostError expected, string words)
    {
        Assert.StartsWith("P-1", name, StringComparison.Ordinal);
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
        {
            if (request == 0) backEnd.Close();
            else backEnd.Reply(request, new byte[8]);
            VhostClientInfo info = client.Snapshot();
            Assert.True(RawFrontEnd.WaitUntil(() => (info = client.Snapshot()).FaultId is not null));
            Assert.Equal(expected.ToString(), info.FaultId);
            Assert.Contains(words, info.Fault, StringComparison.Ordinal);
            Assert.Equal(request == 0 ? EndpointState.Disconnected : EndpointState.Faulted, info.State);
            Assert.Equal(expected, Assert.Throws<VhostException>(() => client.Send(new byte[60], 1, 1, 0, TimeSpan.FromSeconds(1), default)).Error);
        }
        AssertRegionFree();
    }

    [Fact]
    public void P1_a_back_end_that_offers_fewer_features_at_the_next_connection_gets_only_those()
    {
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
            Assert.Contains("MrgRxbuf", client.Snapshot().Features);
        using (var backEnd = new RawBackEnd(SocketPath) { Features = VirtioFeatures.Version1 | VirtioFeatures.ProtocolFeatures })
        using (VhostClient client = Connect())
            Assert.DoesNotContain("MrgRxbuf", client.Snapshot().Features);
        using (var backEnd = new RawBackEnd(SocketPath) { Features = VirtioFeatures.Version1 })
        {
            VhostException error = Assert.Throws<VhostException>(() => Connect(VirtioFeatures.MrgRxbuf));
            Assert.Equal(VhostError.FeatureMissing, error.Error);
            Assert.Contains("does not offer MrgRxbuf", error.Message, StringComparison.Ordinal);
        }
        AssertRegionFree();
    }

    private VhostClient Connect(VirtioFeatures require = 0) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "victim", Path = SocketPath, Regions = [Region], RequireFeatures = require, Timeout = TimeSpan.FromSeconds(0.5),
    });

    /// <summary>All memory is back, and a good back-end gets a packet from the next client.</summary>
    private void AssertRegionFree()
    {
        AssertRegionIsFree();
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "good", Path = SocketPath });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [Region] });
        client.Send(new byte[60], 1, 1, 0, TimeSpan.FromSeconds(5), default);
        Assert.True(RawFrontEnd.WaitUntil(() => server.Snapshot().PacketsReceived == 1));
    }

    private static void Half(RawBackEnd it, RawMessage message, int bytes)
    {
        it.Socket!.Send(RawMessage.Bytes(message.Request, new byte[8], RawMessage.Reply).AsSpan(0, bytes));
        it.Close();
    }

    private static void Trickle(RawBackEnd it, byte[] reply)
    {
        for (int i = 0; i < reply.Length; i++) it.Socket!.Send(reply.AsSpan(i, 1));
    }

    private static void WithFds(RawBackEnd it, RawMessage message, int count, int payload)
    {
        using FileDescriptor fd = Libc.EventFd();
        it.Reply(message.Request, RawMessage.Of((ulong)it.Features).AsSpan(0, payload), RawMessage.Reply, null, [.. Enumerable.Repeat(fd.Number, count)]);
    }
}
