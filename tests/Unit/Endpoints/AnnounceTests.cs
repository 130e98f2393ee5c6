using System.Net;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Channel;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>GUEST_ANNOUNCE: our server asks, our client announces itself and acknowledges (virtio 1.3 §5.1.6.5.4).</summary>
public sealed class AnnounceTests : ChannelTest
{
    private static readonly MacAddress s_mac = MacAddress.Parse("02:00:00:00:00:77");

    [Fact]
    public void A_client_that_is_asked_sends_RARP_and_a_gratuitous_ARP_request_and_acknowledges()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true });
        using SharedRegion region = Region();
        using VhostClient client = Client(region, options => options with { RequireFeatures = VirtioFeatures.GuestAnnounce, MacAddress = s_mac, IPAddress = IPAddress.Parse("10.0.0.7") });
        Assert.Equal(0, Status(client) & NetConfig.Announce);
        server.RequestAnnouncement(Soon);
        Assert.Equal(0, Status(client) & NetConfig.Announce); // acknowledged
        var received = new List<ReceivedPacket>(); // the echo of both
        Assert.Equal(2, client.Receive(received, 0, 2, Soon, default));
        Assert.Equal(RarpFrame.Create(s_mac), received[0].Bytes.ToArray());
        VhostPacket arp = VhostPacket.FromBytes(received[1].Bytes.ToArray());
        ArpLayer layer = arp.Layers.OfType<ArpLayer>().Single();
        Assert.Equal((MacAddress.Broadcast, s_mac), (arp.DestinationMac, arp.SourceMac));
        Assert.Equal(ArpOperation.Request, layer.Operation);
        Assert.Equal((s_mac, "10.0.0.7", "10.0.0.7"), (layer.SenderMac, layer.SenderIp.ToString(), layer.TargetIp.ToString()));
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().Announcements == 1));
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().BackEndRequests.GetValueOrDefault("BACKEND_CONFIG_CHANGE_MSG") == 1));
    }

    [Fact]
    public void Without_an_address_of_its_own_a_client_announces_the_device_s_with_RARP_alone()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true, MacAddress = s_mac });
        using SharedRegion region = Region();
        using VhostClient client = Client(region, options => options with { RequireFeatures = VirtioFeatures.GuestAnnounce | VirtioFeatures.Mac });
        server.RequestAnnouncement(Soon);
        server.RequestAnnouncement(Soon);
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().Announcements == 2));
        var received = new List<ReceivedPacket>();
        Assert.Equal(2, client.Receive(received, 0, 2, Soon, default));
        Assert.All(received, packet => Assert.Equal(RarpFrame.Create(s_mac), packet.Bytes.ToArray()));
    }

    [Fact]
    public void A_change_of_the_configuration_without_the_bit_announces_nothing()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true });
        using SharedRegion region = Region();
        using VhostClient client = Client(region, options => options with { RequireFeatures = VirtioFeatures.GuestAnnounce });
        server.NotifyConfigChange();
        server.RequestAnnouncement(Soon);
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().Announcements > 0));
        Assert.Equal(1, client.Snapshot().Announcements);
        Assert.Equal(1, server.GetVringStates(1)[0].UsedIndex);
    }

    [Fact]
    public void A_flood_of_changes_is_looked_at_by_one_thread()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true });
        using SharedRegion region = Region();
        using VhostClient client = Client(region, options => options with { RequireFeatures = VirtioFeatures.GuestAnnounce });
        int before = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        int most = 0;
        for (int i = 0; i < 500; i++)
        {
            server.Ask(BackEndRequest.ConfigChangeMsg, default, needReply: true, Soon);
            if (i % 50 == 0) most = Math.Max(most, System.Diagnostics.Process.GetCurrentProcess().Threads.Count);
        }
        Assert.InRange(most, 0, before + 100); // other tests start some, too
        server.RequestAnnouncement(Soon);
        Assert.True(RawFrontEnd.WaitUntil(() => client.Snapshot().Announcements == 1));
    }

    [Fact]
    public void The_bit_stands_until_it_is_acknowledged_and_the_wait_for_that_has_an_end()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true, ExcludeProtocolFeatures = ProtocolFeatures.Status });
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel(ProtocolFeatures.Config);
        using (front)
        using (channel)
        {
            VhostException error = Assert.Throws<VhostException>(() => server.RequestAnnouncement(Moment));
            Assert.Equal(VhostError.PeerTimeout, error.Error);
            using (RawMessage message = channel.Receive()!) Assert.Equal((int)BackEndRequest.ConfigChangeMsg, (int)message.Request);
            Assert.Equal(NetConfig.Announce, Read(front) & NetConfig.Announce);
            Assert.Equal(1, Read(front) & 1); // the link is up as before
        }
    }

    [Fact]
    public void A_guest_without_the_feature_can_not_be_asked()
    {
        using VhostServer server = Serve(options => options with { ControlQueue = true });
        Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(() => server.RequestAnnouncement(Soon)).Error);
        using SharedRegion region = Region();
        using VhostClient client = Client(region);
        Assert.Equal(VhostError.RequestNotNegotiated, Assert.Throws<VhostException>(() => server.RequestAnnouncement(Soon)).Error);
    }

    private static int Status(VhostClient client) => client.GetConfig(NetConfig.StatusOffset, 2)[0];

    private static int Read(RawFrontEnd front)
    {
        byte[] request = new byte[14];
        request[0] = NetConfig.StatusOffset;
        request[4] = 2;
        using RawMessage reply = front.Get(FrontEndRequest.GetConfig, request);
        return reply.Payload[12];
    }
}
