using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>DPDK's back-end is killed and started again under a client of ours that stays.</summary>
[Peer("DPDK net_vhost", "back-end")]
public sealed class DpdkReconnectTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly SocketFolder _folder = new();
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });

    public void Dispose()
    {
        _region.Dispose();
        _folder.Dispose();
    }

    [PeerTheory]
    [Cell(false, true, 1)]
    [Cell(false, false, 2)]
    [Cell(true, true, 2)]
    [Cell(true, false, 1)]
    public void A_back_end_that_was_killed_finds_the_rings_of_the_client_again(bool packed, bool dpdkListens, int pairs)
    {
        Testpmd back = Start(dpdkListens, pairs);
        try
        {
            using VhostClient client = VhostClient.Connect(new VhostClientOptions
            {
                Name = "vm0", Path = _folder.Socket, Regions = [_region], QueuePairs = pairs, Listen = !dpdkListens, Retry = true, Reconnect = true,
                RequireFeatures = packed ? VirtioFeatures.RingPacked : VirtioFeatures.None, Timeout = Bound,
            });
            int rounds = FullMatrix.IsWanted ? 5 : 3;
            for (int round = 0; round < rounds; round++)
            {
                if (round > 0)
                {
                    back.Program.Kill();
                    back.Dispose();
                    if (dpdkListens) File.Delete(_folder.Socket); // what a killed listener leaves behind
                    back = Start(dpdkListens, pairs);
                }
                Deadline.Wait(client.Snapshot, now => now.State == EndpointState.Running && now.Reconnects == round, Bound);
                for (int pair = 0; pair < pairs; pair++)
                {
                    var traffic = new WindowedTraffic(client, [64, 1500, 60, 4000], pair, swapsAddresses: false);
                    traffic.Run(TimeSpan.FromSeconds(0.5), Bound);
                    Assert.Equal(traffic.Sent, traffic.Received);
                    Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
                }
            }
            Assert.Equal(0, client.Snapshot().Dropped);
        }
        finally
        {
            back.Dispose();
        }
    }

    private Testpmd Start(bool listens, int pairs)
    {
        Testpmd back = Testpmd.VhostBackEnd(_folder.Socket, TestpmdMode.Io, new TestpmdOptions { QueuePairs = pairs, Listen = listens, Lifetime = TimeSpan.FromMinutes(2) });
        back.WaitUntilReady(Bound);
        return back;
    }
}
