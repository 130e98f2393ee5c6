using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Two clients of ours are ports of one Open vSwitch with DPDK, which forwards between them.</summary>
[Peer("Open vSwitch with DPDK", "back-end")]
public sealed class OpenVSwitchTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly SocketFolder _folder = new();
    private readonly SharedRegion[] _regions = [.. Enumerable.Range(0, 2).Select(i => SharedRegion.Create(new SharedRegionOptions { Name = $"lab{i}", Size = 32 << 20 }))];

    public void Dispose()
    {
        foreach (SharedRegion region in _regions) region.Dispose();
        _folder.Dispose();
    }

    [OpenVSwitchTheory]
    [Cell(false, VirtioFeatures.None, VirtioFeatures.None)]
    [Cell(true, VirtioFeatures.None, VirtioFeatures.None)]
    [Cell(false, VirtioFeatures.RingPacked, VirtioFeatures.None, Full = true)]
    [Cell(true, VirtioFeatures.RingPacked, VirtioFeatures.MrgRxbuf, Full = true)]
    [Cell(false, VirtioFeatures.None, VirtioFeatures.MrgRxbuf | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx, Full = true)]
    public void Packets_are_forwarded_between_two_clients_in_order_and_whole(bool switchListens, VirtioFeatures required, VirtioFeatures excluded)
    {
        using OpenVSwitch ovs = OpenVSwitch.Start(_folder, TimeSpan.FromMinutes(3));
        foreach (string port in (string[])["vm0", "vm1"])
        {
            if (switchListens) ovs.AddListeningPort(port);
            else ovs.AddConnectingPort(port);
        }
        using VhostClient left = Connect(0, !switchListens, required, excluded);
        using VhostClient right = Connect(1, !switchListens, required, excluded);
        ovs.WaitForPort("vm0");
        ovs.WaitForPort("vm1");

        Exchange(left, right, TimeSpan.FromSeconds(FullMatrix.IsWanted ? 10 : 1));
        Assert.Equal(required != 0, left.Snapshot().Features.Contains("RingPacked"));
        Assert.EndsWith("ovs-vswitchd-dpdk", left.Snapshot().PeerExecutable);
        Assert.Equal((0, 0), (left.Snapshot().Dropped, right.Snapshot().Dropped));
    }

    [OpenVSwitchTheory]
    [Cell(VirtioFeatures.None)]
    [Cell(VirtioFeatures.RingPacked, Full = true)]
    public void A_switch_that_was_killed_and_started_again_finds_both_clients_on_their_sockets(VirtioFeatures required)
    {
        using OpenVSwitch ovs = OpenVSwitch.Start(_folder, TimeSpan.FromMinutes(3));
        ovs.AddConnectingPort("vm0");
        ovs.AddConnectingPort("vm1");
        using VhostClient left = Connect(0, listen: true, required, VirtioFeatures.None);
        using VhostClient right = Connect(1, listen: true, required, VirtioFeatures.None);
        for (int round = 0; round < 3; round++)
        {
            if (round > 0) ovs.Restart();
            foreach (VhostClient client in (VhostClient[])[left, right]) Deadline.Wait(client.Snapshot, now => now.State == EndpointState.Running && now.Reconnects == round, Bound);
            ovs.WaitForPort("vm0");
            ovs.WaitForPort("vm1");
            Exchange(left, right, TimeSpan.FromSeconds(0.5));
        }
    }

    [OpenVSwitchFact]
    public void A_port_serves_one_client_after_another_while_the_other_port_stays()
    {
        using OpenVSwitch ovs = OpenVSwitch.Start(_folder, TimeSpan.FromMinutes(3));
        ovs.AddConnectingPort("vm0");
        ovs.AddConnectingPort("vm1");
        using VhostClient left = Connect(0, listen: true, VirtioFeatures.None, VirtioFeatures.None);
        ovs.WaitForPort("vm0");
        for (int round = 0; round < 3; round++)
        {
            int from = ovs.Daemon.LineCount;
            using (VhostClient right = Connect(1, listen: true, VirtioFeatures.None, VirtioFeatures.None))
            {
                ovs.WaitForPort("vm1", from);
                Exchange(left, right, TimeSpan.FromSeconds(0.5));
            }
            ovs.WaitUntilGone("vm1", from);
        }
    }

    private static void Exchange(VhostClient left, VhostClient right, TimeSpan time)
    {
        foreach ((VhostClient from, VhostClient to) in ((VhostClient, VhostClient)[])[(left, right), (right, left)])
        {
            WaitUntilForwarding(from, to);
            var traffic = new WindowedTraffic(from, [64, 1500, 60, 1514, 333], 0, swapsAddresses: false, to);
            traffic.Run(time / 2, Bound);
            Assert.Equal(traffic.Sent, traffic.Received);
            Assert.True(traffic.Received > 100, $"{traffic.Received} packets");
        }
    }

    // A switch that is still making its ports loses packets. These are numbered, so that none is left on its way.
    private static void WaitUntilForwarding(VhostClient from, VhostClient to)
    {
        byte[] hello = new byte[60];
        new byte[] { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5 }.CopyTo(hello, 0);
        var received = new List<ReceivedPacket>();
        for (int number = 1; number <= Bound.TotalSeconds; number++)
        {
            hello[^1] = (byte)number;
            from.Send(hello, 1, 1, 0, Bound, default);
            while (to.Receive(received, 0, 64, TimeSpan.FromSeconds(1), default) > 0)
                if (received[^1].Bytes.Span[^1] == number) return;
        }
        throw new TimeoutException($"the switch forwarded nothing within {Bound.TotalSeconds} s");
    }

    private VhostClient Connect(int number, bool listen, VirtioFeatures required, VirtioFeatures excluded) => VhostClient.Connect(new VhostClientOptions
    {
        Name = $"vm{number}", Path = _folder.File($"vm{number}"), Regions = [_regions[number]], Listen = listen, Retry = true, Reconnect = listen,
        RequireFeatures = required, ExcludeFeatures = excluded, Timeout = Bound,
    });
}
