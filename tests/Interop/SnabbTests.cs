using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Our front-end against Snabb's back-end, which has VERSION_1 nowhere, no protocol feature, and a socket that it seldom reads.</summary>
[Peer("Snabb", "back-end")]
public class SnabbTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [SnabbTheory]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public void Every_packet_comes_back_in_order_and_whole(bool snabbListens, bool mergeable, bool noIndirect)
    {
        using SocketFolder folder = new();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
        // A socket file that the client makes must be there when Snabb looks up its age, so the client's thread begins first.
        using Snabb? early = snabbListens ? Snabb.Start(folder, listen: true, mergeable, TimeSpan.FromMinutes(1)) : null;
        Task<VhostClient> connecting = Task.Run(() => Connect(folder, region, !snabbListens, noIndirect ? VirtioFeatures.IndirectDesc : VirtioFeatures.None));
        using Snabb? late = snabbListens ? null : Snabb.Start(folder, listen: false, mergeable, TimeSpan.FromMinutes(1));
        using VhostClient client = connecting.WaitAsync(Bound).GetAwaiter().GetResult();

        VhostClientInfo info = client.Snapshot();
        Assert.Equal(mergeable ? 12 : 10, info.HeaderLength);
        Assert.DoesNotContain("Version1", info.Features);
        Assert.Equal(!noIndirect, info.Features.Contains("IndirectDesc"));
        Assert.EndsWith("snabb", info.PeerExecutable);

        var traffic = new WindowedTraffic(client, mergeable ? [64, 1500, 60, 4000] : [64, 1500, 60, 1514], 0, swapsAddresses: false);
        traffic.Run(TimeSpan.FromSeconds(1), Bound);
        Assert.Equal(traffic.Sent, traffic.Received);
        Assert.True(traffic.Received > 1000, $"{traffic.Received} packets");
        Assert.All(client.GetVringStates(), ring => Assert.StartsWith("ok", ring.Verdict));
    }

    [SnabbFact]
    public void One_client_after_another_is_served_by_the_same_app()
    {
        using SocketFolder folder = new();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
        using Snabb snabb = Snabb.Start(folder, listen: true, mergeable: true, TimeSpan.FromMinutes(1));
        for (int round = 0; round < 3; round++)
        {
            int from = snabb.Program.LineCount;
            using (VhostClient client = Connect(folder, region, listen: false, VirtioFeatures.None))
            {
                var traffic = new WindowedTraffic(client, [64, 1500], 0, swapsAddresses: false);
                traffic.Run(TimeSpan.FromSeconds(0.2), Bound);
                Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
            }
            snabb.Program.WaitForLine("Connection went down", Bound, from);
        }
    }

    private static VhostClient Connect(SocketFolder folder, SharedRegion region, bool listen, VirtioFeatures excluded) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "vm0", Path = folder.Socket, Regions = [region], Listen = listen, Retry = true, ExcludeFeatures = excluded,
    });
}
