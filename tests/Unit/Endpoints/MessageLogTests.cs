using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>The record of what was said on a socket: both ends tell the same, and it stays bounded.</summary>
public sealed class MessageLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    private string SocketPath => Path.Combine(_directory, "s");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Both_ends_record_the_same_handshake()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 8 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath });
        Assert.Empty(server.GetMessages());
        VhostMessageInfo[] heard;
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], QueueSize = 64 }))
        {
            VhostMessageInfo[] said = client.GetMessages();
            heard = server.GetMessages();
            Assert.Equal("SET_OWNER", said[0].Request);
            Assert.All(said, message => Assert.Equal("vm0", message.Owner));
            Assert.Equal(said.Select(Words), heard.Select(Words));
            Assert.Contains(said, message => message is { Request: "SET_VRING_NUM", Content: "ring 1: 64 descriptors", Result: "ok" });
            Assert.Contains(said, message => message is { Request: "SET_VRING_KICK", Content: "ring 0", Descriptors: 1 });
            VhostMessageInfo features = Assert.Single(said, message => message.Request == "GET_FEATURES");
            Assert.Contains("Version1", features.Result);
            Assert.NotNull(features.ReplyTime);
            Assert.Equal(said.OrderBy(message => message.SinceStart).Select(message => message.Number), said.Select(message => message.Number));
        }
        Assert.True(server.WaitFor([EndpointState.Listening], TimeSpan.FromSeconds(10)));
        // The session is over; what was said in it is still there, with its end.
        Assert.Equal(heard.Select(Words), server.GetMessages().Take(heard.Length).Select(Words));
        Assert.Contains(server.GetMessages(), message => message is { Request: "GET_VRING_BASE", Content: "ring 1" });
    }

    [Fact]
    public void Of_very_many_messages_the_first_and_the_latest_are_kept()
    {
        var log = new MessageLog();
        const int All = 1000;
        for (ulong i = 1; i <= All; i++) log.Add(MessageHeader.ForRequest(FrontEndRequest.SetFeatures, 8), BitConverter.GetBytes(1ul << (int)(i % 2)), 0);
        VhostMessageInfo[] kept = log.Read("vm0");
        Assert.Equal(Enumerable.Range(1, MessageLog.FirstKept).Concat(Enumerable.Range(All - MessageLog.LatestKept + 1, MessageLog.LatestKept)), kept.Select(message => message.Number));
    }

    [Fact]
    public void A_reply_belongs_to_the_request_that_waits_for_it()
    {
        var log = new MessageLog();
        log.Add(MessageHeader.ForRequest(FrontEndRequest.SetVringNum, 8, needReply: true), [1, 0, 0, 0, 3, 0, 0, 0], 0);
        Assert.Equal("no reply yet", Assert.Single(log.Read("vm0")).Result);
        log.Add(MessageHeader.ForReply(FrontEndRequest.SetVringNum, 8), BitConverter.GetBytes(1ul), 0);
        log.Add(MessageHeader.ForRequest(FrontEndRequest.SetVringNum, 8, needReply: true), [1, 0, 0, 0, 4, 0, 0, 0], 0);
        log.Add(MessageHeader.ForReply(FrontEndRequest.SetVringNum, 8), BitConverter.GetBytes(0ul), 0);
        log.Add(MessageHeader.ForReply(FrontEndRequest.GetFeatures, 8), BitConverter.GetBytes(0ul), 0); // nobody asked
        Assert.Equal([("ring 1: 3 descriptors", "refused (1)"), ("ring 1: 4 descriptors", "ok")], log.Read("vm0").Select(message => (message.Content, message.Result)));
    }

    [Fact]
    public void Kicks_by_message_are_traffic_and_push_nothing_out()
    {
        var log = new MessageLog();
        log.Add(MessageHeader.ForRequest(FrontEndRequest.SetOwner, 0), [], 0);
        for (int i = 0; i < 1000; i++) log.Add(MessageHeader.ForRequest(FrontEndRequest.VringKick, 8), new byte[8], 0);
        Assert.Equal(["SET_OWNER"], log.Read("vm0").Select(message => message.Request));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(39)]
    [InlineData(4096)]
    public void A_payload_of_any_size_is_shown_without_harm(int size)
    {
        foreach (FrontEndRequest request in Enum.GetValues<FrontEndRequest>())
        {
            if (request == FrontEndRequest.VringKick) continue;
            var log = new MessageLog();
            log.Add(MessageHeader.ForRequest(request, size), Enumerable.Repeat((byte)0xff, size).ToArray(), 0);
            log.Add(MessageHeader.ForReply(request, size), Enumerable.Repeat((byte)0xff, size).ToArray(), 0);
            Assert.Single(log.Read("vm0"));
        }
    }

    private static (string, string, int, string) Words(VhostMessageInfo message) => (message.Request, message.Content, message.Descriptors, message.Result);
}
