using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Our client and our server, with the traffic that other peers get; what only they can do is tested in tests/Unit.</summary>
[Peer("VhostUser", "both")]
public class OwnRoleTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static TheoryData<bool, bool, bool, int> Layouts => DpdkLayouts.All;

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_packet_comes_back_with_either_layout(bool packed, bool mergeable, bool inOrder, int pairs)
    {
        using SocketFolder folder = new();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = folder.Socket, Mode = ServerMode.Echo, QueuePairs = pairs });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm0", Path = folder.Socket, Regions = [region], QueuePairs = pairs,
            RequireFeatures = packed ? VirtioFeatures.RingPacked : VirtioFeatures.None,
            ExcludeFeatures = (mergeable ? 0 : VirtioFeatures.MrgRxbuf) | (inOrder ? 0 : VirtioFeatures.InOrder),
        });
        for (int pair = 0; pair < pairs; pair++)
        {
            var traffic = new WindowedTraffic(client, mergeable ? [64, 1500, 60, 4000] : [64, 1500, 60, 1514], pair, swapsAddresses: false);
            traffic.Run(TimeSpan.FromSeconds(0.2), Bound);
            Assert.Equal(traffic.Sent, traffic.Received);
            Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
        }
        string[] features = client.Snapshot().Features;
        Assert.Equal((packed, mergeable, inOrder), (features.Contains("RingPacked"), features.Contains("MrgRxbuf"), features.Contains("InOrder")));
    }
}
