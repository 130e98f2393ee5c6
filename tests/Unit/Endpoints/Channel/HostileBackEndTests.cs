using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>P-1 on the channel: a live client, and a back-end that sends it what it should not. The packets' side goes on.</summary>
public sealed class HostileBackEndTests : ChannelTest
{
    private const ProtocolFeatures All = BackEndOptions.DefaultProtocolFeatures;

    private FileDescriptor? _channel;

    public override void Dispose()
    {
        _channel?.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData(0u, 0, "not in the vhost-user specification")]
    [InlineData(11u, 0, "not in the vhost-user specification")]
    [InlineData(0x7fffffffu, 8, "not in the vhost-user specification")]
    [InlineData(1u, 32, "ACCESS_PLATFORM")]
    [InlineData(2u, 0, "Config")]
    [InlineData(3u, 24, "HostNotifier")]
    [InlineData(4u, 8, "InbandNotifications")]
    [InlineData(9u, 40, "Shmem")]
    public void A_request_that_is_unknown_or_not_negotiated_is_refused(uint request, int size, string why)
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using VhostClient client = Client(region);
        using RawSocket channel = Channel();
        channel.Send(RawMessage.Bytes(request, new byte[size], RawMessage.NeedReply));
        using RawMessage reply = channel.Receive()!;
        Assert.Equal((request, RawMessage.Reply, 1ul), (reply.Request, reply.Flags, reply.UInt64));
        Assert.Contains(why, client.Snapshot().LastRefusal);
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Theory]
    [InlineData(2u, 1u, 5000u)]    // larger than any message
    [InlineData(6u, 1u, 8u)]       // too small for its request
    [InlineData(6u, 0u, 16u)]      // version 0
    [InlineData(6u, 5u, 16u)]      // a reply
    [InlineData(6u, 0x11u, 16u)]   // reserved flag
    public void Broken_framing_closes_the_channel_and_nothing_else(uint request, uint flags, uint size)
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using VhostClient client = Client(region);
        using RawSocket channel = Channel();
        channel.Send(RawMessage.Bytes(request, new byte[Math.Min(size, 64)], flags, size));
        Assert.True(channel.WaitForClose());
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().LastRefusal is not null));
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Fact]
    public void Descriptors_where_none_belong_are_closed_and_refused()
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using VhostClient client = Client(region);
        using RawSocket channel = Channel();
        int before = Directory.GetFiles("/proc/self/fd").Length;
        for (int i = 0; i < 50; i++)
        {
            channel.Send(RawMessage.Bytes(6u, Guid.NewGuid().ToByteArray(), RawMessage.NeedReply), [region.File.Number, region.File.Number]);
            using RawMessage reply = channel.Receive()!;
            Assert.Equal(1ul, reply.UInt64);
        }
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 5);
        Assert.Contains("2 file descriptor", client.Snapshot().LastRefusal);
    }

    [Fact]
    public void A_flood_of_objects_is_cut_off()
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using (VhostClient client = Client(region))
        {
            using RawSocket channel = Channel();
            ulong refused = 0;
            for (int i = 0; i < 1100; i++)
            {
                channel.Send(RawMessage.Bytes(6u, Guid.NewGuid().ToByteArray(), RawMessage.NeedReply));
                using RawMessage reply = channel.Receive()!;
                refused += reply.UInt64;
            }
            Assert.Equal(76ul, refused);
        }
    }

    [Fact]
    public void A_back_end_that_reads_no_answers_loses_the_channel_only()
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using VhostClient client = Client(region);
        using RawSocket channel = Channel();
        byte[] message = RawMessage.Bytes(7u, Guid.NewGuid().ToByteArray(), RawMessage.NeedReply);
        Assert.True(RawFrontEnd.WaitUntil(() => !channel.Send(message, patience: Moment)));
        Assert.Equal(EndpointState.Running, client.State);
        Assert.Contains("does not read", client.Snapshot().LastRefusal);
    }

    [Fact]
    public void A_ring_that_does_not_exist_is_refused_in_band()
    {
        using SharedRegion region = Region();
        using RawBackEnd back = Serve();
        using VhostClient client = Client(region, options => options with { RequireProtocolFeatures = ProtocolFeatures.InbandNotifications });
        using RawSocket channel = Channel();
        foreach (uint ring in new uint[] { 2, 255, 256, 0x80000000, 0xffffffff })
        {
            channel.Send(RawMessage.Bytes(4u, RawMessage.State(ring, 0), RawMessage.NeedReply));
            using RawMessage reply = channel.Receive()!;
            Assert.Equal(1ul, reply.UInt64);
        }
        channel.Send(RawMessage.Bytes(5u, RawMessage.State(1, 0), RawMessage.NeedReply));
        using RawMessage taken = channel.Receive()!;
        Assert.Equal(0ul, taken.UInt64);
    }

    private RawBackEnd Serve() => new(SocketPath, (FrontEndRequest.SetBackendReqFd, (back, message) =>
    {
        _channel = message.Fds[0].Duplicate();
        back.Answer(message);
    })) { ProtocolFeatures = All };

    private RawSocket Channel() => new(_channel!.Duplicate());
}
