using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>The back-end's end of the channel: a live server, and a front-end by hand.</summary>
public sealed class BackEndChannelTests : ChannelTest
{
    [Fact]
    public void A_config_change_is_sent_on_the_channel_of_SET_BACKEND_REQ_FD()
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front) using (channel)
        {
            server.NotifyConfigChange();
            using RawMessage message = channel.Receive()!;
            Assert.Equal(((uint)BackEndRequest.ConfigChangeMsg, RawMessage.Version, 0), (message.Request, message.Flags, message.Payload.Length));
        }
    }

    [Fact]
    public async Task A_request_with_NEED_REPLY_is_answered_with_what_the_front_end_said()
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front) using (channel)
        {
            Task<VhostRequestResult> asked = Task.Run(() => server.Ask(BackEndRequest.ConfigChangeMsg, default, needReply: true, Limit));
            using RawMessage message = channel.Receive()!;
            Assert.Equal(RawMessage.NeedReply, message.Flags);
            channel.Send(RawMessage.Bytes(message.Request, RawMessage.Of(7ul), RawMessage.Reply));
            Assert.Equal(7ul, (await asked).Value);
        }
    }

    [Fact]
    public void Without_a_channel_or_its_feature_a_request_is_refused_by_name()
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(server.NotifyConfigChange).Error);
        using RawFrontEnd plain = Connect();
        plain.Negotiate(ChannelFeatures);
        VhostException none = Assert.Throws<VhostException>(server.NotifyConfigChange);
        Assert.Equal(VhostError.RequestNotNegotiated, none.Error);
        Assert.Contains("SET_BACKEND_REQ_FD", none.RecommendedAction);
        using RawSocket channel = OpenChannel(plain);
        VhostException gate = Assert.Throws<VhostException>(server.NotifyConfigChange);
        Assert.Contains("Config", gate.Message);
    }

    /// <summary>B-1: the front-end never answers; everything else goes on, and the caller gets a timeout.</summary>
    [Fact]
    public void B1_a_front_end_that_never_answers_hangs_nothing()
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front) using (channel)
        {
            Assert.Equal(VhostError.PeerTimeout, Assert.Throws<VhostException>(() => server.Ask(BackEndRequest.ConfigChangeMsg, default, true, Moment)).Error);
            front.SetMemTable();
            for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
            for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
            AssertPasses(front, server);
            for (int i = 0; i < 300; i++)
            {
                try
                {
                    server.Ask(BackEndRequest.ConfigChangeMsg, default, true, TimeSpan.Zero);
                }
                catch (VhostException error)
                {
                    Assert.Equal(VhostError.PeerTimeout, error.Error);
                }
            }
            AssertPasses(front, server);
        }
    }

    [Theory]
    [InlineData("unasked")]
    [InlineData("other request")]
    [InlineData("wrong flags")]
    [InlineData("wrong size")]
    [InlineData("twice")]
    public async Task B1_a_wrong_answer_ends_the_session_and_is_named(string how)
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front) using (channel)
        {
            if (how != "unasked")
            {
                Task asked = Task.Run(() => server.Ask(BackEndRequest.ConfigChangeMsg, default, true, Limit));
                using RawMessage message = channel.Receive()!;
                if (how == "twice") channel.Send(RawMessage.Bytes(2u, RawMessage.Of(0ul), RawMessage.Reply));
                if (how == "twice") await asked;
            }
            channel.Send(how switch
            {
                "other request" => RawMessage.Bytes(3u, RawMessage.Of(0ul), RawMessage.Reply),
                "wrong flags" => RawMessage.Bytes(2u, RawMessage.Of(0ul), RawMessage.Version),
                "wrong size" => RawMessage.Bytes(2u, RawMessage.Of(0u), RawMessage.Reply),
                _ => RawMessage.Bytes(2u, RawMessage.Of(0ul), RawMessage.Reply),
            });
            AssertEnds(front, server, VhostError.ReplyInvalid, how == "other request" ? "HOST_NOTIFIER" : "CONFIG_CHANGE");
        }
    }

    [Fact]
    public async Task B1_a_channel_that_the_front_end_closes_leaves_the_session_alone()
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front)
        {
            Task<VhostRequestResult> asked = Task.Run(() => server.Ask(BackEndRequest.ConfigChangeMsg, default, true, Limit));
            using (RawMessage message = channel.Receive()!) channel.Dispose();
            Assert.False((await asked).Answered);
            Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(server.NotifyConfigChange).Error);
            Assert.Equal(server.Snapshot().OfferedFeatures, FeatureNames.Of(front.GetFeatures()));
            using RawSocket next = OpenChannel(front);
            server.NotifyConfigChange();
            using RawMessage again = next.Receive()!;
            Assert.Equal((uint)BackEndRequest.ConfigChangeMsg, again.Request);
        }
    }

    [Fact]
    public void A_channel_that_is_no_socket_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(ChannelFeatures);
        AssertRefuses(front.Ask(FrontEndRequest.SetBackendReqFd, [], front.Memory.File.Number), server, "SET_BACKEND_REQ_FD", "socket");
    }

    [Fact]
    public void Inband_notifications_without_the_channel_close_the_connection()
    {
        foreach (ProtocolFeatures some in new[] { ProtocolFeatures.ReplyAck, ProtocolFeatures.BackendReq, ProtocolFeatures.None })
        {
            using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "t", Path = SocketPath + (int)some });
            using RawFrontEnd front = RawFrontEnd.Connect(SocketPath + (int)some);
            front.SetOwner();
            front.GetFeatures();
            front.Send(FrontEndRequest.SetProtocolFeatures, RawMessage.Of((ulong)(some | ProtocolFeatures.InbandNotifications)));
            Assert.True(front.Socket.WaitForClose(Limit));
            Assert.True(server.WaitFor([EndpointState.Listening], Limit));
            Assert.Contains("INBAND_NOTIFICATIONS", server.Snapshot().Fault);
        }
    }

    [Fact]
    public void Shared_objects_are_announced_fetched_and_withdrawn()
    {
        using SharedRegion region = Region();
        Guid id = Guid.NewGuid();
        using VhostServer server = Serve();
        server.AddSharedObject(id, region);
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.SharedObject);
        using (front) using (channel)
        {
            using (RawMessage add = channel.Receive()!)
            {
                Assert.Equal((uint)BackEndRequest.SharedObjectAdd, add.Request);
                Assert.Equal(id, new Guid(add.Payload, bigEndian: true));
            }
            using (RawMessage reply = front.Get(FrontEndRequest.GetSharedObject, id.ToByteArray(bigEndian: true)))
            {
                Assert.Equal(id, new Guid(reply.Payload, bigEndian: true));
                Assert.True(VhostUser.Interop.Libc.Stat(reply.Fds[0].Number).IsSameFile(VhostUser.Interop.Libc.Stat(region.File.Number)));
            }
            using (RawMessage unknown = front.Get(FrontEndRequest.GetSharedObject, Guid.NewGuid().ToByteArray())) Assert.Empty(unknown.Fds);
            Assert.True(server.RemoveSharedObject(id));
            using RawMessage remove = channel.Receive()!;
            Assert.Equal((uint)BackEndRequest.SharedObjectRemove, remove.Request);
        }
    }

    [Fact]
    public void The_sizes_of_shared_memory_regions_come_in_a_reply_of_2056_bytes()
    {
        using VhostServer server = Serve(options => options with { SharedMemorySizes = [0, 1 << 20, 4096] });
        using RawFrontEnd front = Connect();
        front.Negotiate(ChannelFeatures | ProtocolFeatures.Shmem);
        using RawMessage reply = front.Get(FrontEndRequest.GetShmemConfig);
        Assert.Equal(2056, reply.Payload.Length);
        Assert.Equal([2UL, 0UL, 1UL << 20, 4096UL, 0UL], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(reply.Payload)[..5].ToArray());
    }
}
