using VhostUser.Endpoints;
using VhostUser.Fuzz.Targets;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Channel;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>
/// Every row of the specification, by its name and against live endpoints: 45 requests of a front-end, 10 of a back-end, and the protocol
/// features 0 to 23. A new row has no case here until somebody says what becomes of it.
/// </summary>
public sealed class MessageRowTests : ChannelTest
{
    /// <summary>Requests that a server refuses whatever was negotiated: it does not offer their feature, or is not their device.</summary>
    private static readonly FrontEndRequest[] s_refused =
        [FrontEndRequest.SetVringEndian, FrontEndRequest.CreateCryptoSession, FrontEndRequest.CloseCryptoSession, FrontEndRequest.GpuSetSocket];

    /// <summary>Requests that are served, but not when they come alone and out of turn, as here: the answer is a failure that names them.</summary>
    private static readonly FrontEndRequest[] s_outOfTurn =
        [FrontEndRequest.SetConfig, FrontEndRequest.PostcopyListen, FrontEndRequest.RemMemReg, FrontEndRequest.SetBackendReqFd, FrontEndRequest.IotlbMsg];

    private const ProtocolFeatures NeverOffered = ProtocolFeatures.CrossEndian | ProtocolFeatures.CryptoSession;

    public static TheoryData<string> Requests => [.. MessageTable.Rules.ToArray().Select(rule => rule.Name)];

    public static TheoryData<string> BackEndRequests => [.. BackEndMessageTable.Rules.ToArray().Select(rule => rule.Name)];

    public static TheoryData<int> Bits => [.. Enumerable.Range(0, 24)];

    [Fact]
    public void There_are_45_and_10_messages_and_each_has_its_number()
    {
        Assert.Equal(Enumerable.Range(1, 45), MessageTable.Rules.ToArray().Select(rule => (int)rule.Request));
        Assert.Equal(Enumerable.Range(1, 10), BackEndMessageTable.Rules.ToArray().Select(rule => (int)rule.Request));
        Assert.Equal(s_refused, MessageTable.Rules.ToArray().Select(rule => rule.Request).Where(request => !BackEnd.Supports(request)));
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_server_answers_the_request_as_its_row_says(string name)
    {
        MessageRule rule = MessageTable.Rules.ToArray().Single(row => row.Name == name);
        using VhostServer server = ServeEverything();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        ProtocolFeatures protocol = front.GetProtocolFeatures() & ~(ProtocolFeatures.GpaAddresses | ProtocolFeatures.XenMmap);
        VirtioFeatures features = front.GetSplitFeatures() & ~VirtioFeatures.AccessPlatform;
        front.SetProtocolFeatures(protocol);
        front.SetFeatures(features);
        using var maker = new MessageMaker();
        maker.Make(rule.Request, 0, rule.Request switch
        {
            FrontEndRequest.SetFeatures => (ulong)features,
            FrontEndRequest.SetProtocolFeatures => (ulong)protocol,
            FrontEndRequest.SetVringNum => 64,
            FrontEndRequest.NetSetMtu => 1500,
            _ => 0,
        }, needReply: true);
        Assert.True(front.Socket.Send(maker.Message, maker.Fds));
        using RawMessage? reply = front.Socket.Receive();
        Assert.NotNull(reply);
        Assert.Equal(((uint)rule.Request, RawMessage.Reply), (reply.Request, reply.Flags));
        bool refused = s_refused.Contains(rule.Request) || s_outOfTurn.Contains(rule.Request);
        if (refused || rule.Reply == ReplyRule.Ack) Assert.Equal((8, refused ? 1ul : 0ul), (reply.Payload.Length, reply.UInt64));
        else if (rule.ReplySize >= 0) Assert.Equal(rule.ReplySize, reply.Payload.Length);
        if (refused) Assert.Contains(name, server.Snapshot().LastRefusal, StringComparison.Ordinal);
        Assert.Equal((ulong)front.GetFeatures(), front.GetUInt64(FrontEndRequest.GetFeatures)); // the session goes on
        Assert.Null(server.Snapshot().Fault);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_client_sends_the_request_by_hand_and_names_what_came_back(string name)
    {
        MessageRule rule = MessageTable.Rules.ToArray().Single(row => row.Name == name);
        using VhostServer server = ServeEverything();
        using SharedRegion region = Region();
        using VhostClient client = Client(region);
        try
        {
            VhostRequestResult result = client.Ask(rule.Request, rule.Request == FrontEndRequest.SetProtocolFeatures ? RawMessage.Of((ulong)ProtocolFeatures.ReplyAck) : new byte[rule.Size], [], needReply: rule.Reply == ReplyRule.Ack, Soon);
            Assert.Equal(name, result.Request);
        }
        catch (VhostException error)
        {
            // Without descriptors and with a payload of zeros some rows end the session, as the specification says for a request that always has a reply.
            Assert.Equal(VhostError.PeerDisconnected, error.Error);
            Assert.Equal(ReplyRule.Always, rule.Reply);
            Assert.True(RawFrontEnd.WaitUntil(() => server.Snapshot().Fault?.Contains(name, StringComparison.Ordinal) == true), server.Snapshot().Fault);
        }
    }

    [Theory]
    [MemberData(nameof(BackEndRequests))]
    public void A_client_answers_the_back_end_s_request_as_its_row_says(string name)
    {
        BackEndMessageRule rule = BackEndMessageTable.Rules.ToArray().Single(row => row.Name == name);
        using VhostServer server = ServeEverything();
        using SharedRegion region = Region(), file = Region();
        using VhostClient client = Client(region, options => options with { RequireProtocolFeatures = ProtocolFeatures.InbandNotifications });
        byte[] payload = rule.Request switch
        {
            BackEndRequest.ShmemMap or BackEndRequest.ShmemUnmap => RawMessage.Of(new ShmemMapPayload { Length = 4096 }),
            BackEndRequest.VringHostNotifierMsg => RawMessage.Of(new VringAreaPayload { Size = (ulong)Environment.SystemPageSize }),
            _ => new byte[rule.Size],
        };
        if (rule.Request == BackEndRequest.ShmemUnmap) server.Ask(BackEndRequest.ShmemMap, payload, needReply: true, Soon, file);
        if (rule.Request == BackEndRequest.SharedObjectRemove) server.Ask(BackEndRequest.SharedObjectAdd, payload, needReply: true, Soon);
        bool carries = rule.Fds is FdRule.One or FdRule.OneUnlessNoFd;
        VhostRequestResult result = server.Ask(rule.Request, payload, needReply: rule.Reply == ReplyRule.Ack, Soon, carries ? file : null);
        // Without an IOMMU there is nothing to translate, and nobody has the object: these two are answered with a failure.
        bool refused = rule.Request is BackEndRequest.IotlbMsg or BackEndRequest.SharedObjectLookup;
        Assert.Equal(refused, result.Value != 0);
        Assert.True(client.Snapshot().BackEndRequests.ContainsKey(name));
        Echo(client, 1);
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void A_protocol_feature_is_offered_and_taken_or_refused_by_name(int bit)
    {
        var feature = (ProtocolFeatures)(1ul << bit);
        using VhostServer server = ServeEverything();
        using RawFrontEnd front = Connect();
        front.SetOwner();
        ProtocolFeatures offered = front.GetProtocolFeatures();
        Assert.Equal((NeverOffered & feature) == 0, (offered & feature) != 0);
        // What a feature needs besides comes along.
        ProtocolFeatures with = feature switch
        {
            ProtocolFeatures.InbandNotifications => ProtocolFeatures.BackendReq,
            ProtocolFeatures.GetVringBaseSkipDrain => ProtocolFeatures.GetVringBaseInflight | ProtocolFeatures.InflightShmfd,
            _ => 0,
        } | ProtocolFeatures.ReplyAck;
        front.SetProtocolFeatures(with);
        ulong? result = front.Ask(FrontEndRequest.SetProtocolFeatures, RawMessage.Of((ulong)(feature | with)));
        Assert.Equal((offered & feature) != 0 ? 0ul : 1ul, result);
        string name = FeatureNames.Of(feature).Single();
        if (result == 0) Assert.Contains(name, server.Snapshot().ProtocolFeatures);
        else Assert.Contains(name, server.Snapshot().LastRefusal, StringComparison.Ordinal);
    }

    private VhostServer ServeEverything() => Serve(options => options with
    {
        OfferFeatures = BackEndOptions.OptionalFeatures, OfferProtocolFeatures = BackEndOptions.OptionalProtocolFeatures,
        ControlQueue = true, MacAddress = VhostUser.Packets.MacAddress.Parse("02:00:00:00:00:01"), Mtu = 1500, SharedMemorySizes = [65536],
    });
}
