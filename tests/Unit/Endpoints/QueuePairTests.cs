using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>Queue pairs up to what a ring index of 8 bits allows, and front-ends that use fewer, more, or change their mind.</summary>
public sealed class QueuePairTests : TrapTest
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_packet_crosses_each_of_128_queue_pairs()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
        using VhostServer server = Serve(options => options with { QueuePairs = 128 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = server.Path, Regions = [region], QueuePairs = 128, QueueSize = 16 });
        Assert.Equal(256, client.RingCount);
        for (int pair = 0; pair < 128; pair++)
        {
            VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = "pair " + pair });
            client.Send(packet.Bytes.Span, 2 * pair + 1, 1, 0, Bound, default);
            var received = new List<ReceivedPacket>();
            Assert.Equal(1, client.Receive(received, 2 * pair, 1, Bound, default));
            Assert.Equal(packet.ToHex(), received[0].ToHex());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void More_pairs_than_ring_indexes_are_refused(int pairs) =>
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => Serve(options => options with { QueuePairs = pairs })).Error);

    [Fact]
    public void A_front_end_may_use_fewer_pairs_than_are_offered_and_not_one_more()
    {
        using VhostServer server = Serve(options => options with { QueuePairs = 2 });
        using RawFrontEnd front = ConnectAndStart(); // one of two
        AssertPasses(front, server);
        Assert.Contains("no size was received", Ring(server, 2).Verdict, StringComparison.Ordinal);
        AssertRefuses(front.Ask(FrontEndRequest.SetVringNum, RawMessage.State(4, 256)), server, "ring 4", "2 queue pair(s)");
        AssertPasses(front, server);
    }

    [Fact]
    public void Pairs_are_enabled_and_disabled_by_message_while_others_run()
    {
        using VhostServer server = Serve(options => options with { QueuePairs = 2 });
        using RawFrontEnd front = ConnectAndStart();
        for (int ring = 2; ring < 4; ring++) front.SetUpRing(ring);
        for (int round = 0; round < 3; round++)
        {
            for (int ring = 2; ring < 4; ring++) front.SetVringEnable(ring);
            Assert.True(Ring(server, 3).Enabled);
            AssertPasses(front, server);
            for (int ring = 2; ring < 4; ring++) front.SetVringEnable(ring, on: false);
            Assert.Equal("disabled by the front-end: packets are thrown away", Ring(server, 3).Verdict);
            AssertPasses(front, server);
        }
    }

    [Fact]
    public void RSS_is_not_offered_and_refused_by_name()
    {
        using VhostServer server = Serve(options => options with { QueuePairs = 2, ControlQueue = true });
        using RawFrontEnd front = Connect();
        Assert.Equal(VirtioFeatures.None, front.GetFeatures() & (VirtioFeatures.Rss | VirtioFeatures.RscExt));
        front.Negotiate();
        AssertRefuses(front.Ask(FrontEndRequest.SetFeatures, RawMessage.Of((ulong)(front.Features | VirtioFeatures.Rss))), server, "Rss", "not offered");
    }

    [Fact]
    public void A_front_end_that_acknowledges_the_control_queue_and_keeps_it_is_served_as_ever()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true });
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.HashReport);
        Assert.NotEqual(VirtioFeatures.None, front.Features & VirtioFeatures.CtrlVq);
        AssertPasses(front, server);
        Assert.StartsWith("stopped: ", Ring(server, 2).Verdict, StringComparison.Ordinal);
        Assert.Equal("Control", Ring(server, 2).Direction);
    }
}
