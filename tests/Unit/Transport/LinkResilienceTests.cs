using VhostUser.Endpoints;
using VhostUser.Packets;
using VhostUser.Memory;
using VhostUser.Tests.LinkProcess;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>What happens to ends, guests and memory while a link is up; what happens to the path is tested between network namespaces.</summary>
public sealed class LinkResilienceTests : LinkTest
{
    [FabricFact]
    public void An_end_that_goes_and_comes_back_finds_the_link_again_and_losses_are_counted()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        using var stop = new CancellationTokenSource();
        LinkTraffic sender = new(a, 0, 64, 1500), receiver = new(b, 0, 64, 1500);
        Task sending = Task.Run(() => sender.Run(long.MaxValue, TimeSpan.FromSeconds(60), lossy: true, stop.Token));
        using var stopReceiving = new CancellationTokenSource();
        Task receiving = Task.Run(() => receiver.Run(-1, TimeSpan.FromSeconds(60), lossy: true, stopReceiving.Token));
        for (int i = 0; i < 3; i++)
        {
            long before = receiver.Received;
            Await(() => receiver.Received > before + 1000, "traffic");
            connecting.Dispose();
            Assert.True(listening.WaitFor([IbTransportState.Listening], Bound));
            connecting = Connect(right, listening);
            AwaitUp(listening, connecting);
        }
        stop.Cancel();
        sending.Wait();
        // Whatever was sent has come, or is counted as lost: nothing came twice, or the receiver would have complained.
        Await(() => receiver.Received + listening.Snapshot().Lost >= sender.Sent, $"the account of {sender.Sent} packets");
        stopReceiving.Cancel();
        receiving.Wait();
        Assert.Equal(4, listening.Snapshot().Sessions);
        Assert.True(receiver.Received > 0 && receiver.Received <= sender.Sent);
    }

    [FabricFact]
    public void A_guest_may_come_and_go_while_its_link_stays_up()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        for (int i = 0; i < 3; i++)
        {
            Pass(a, b, $"before restart {i}");
            b.Dispose();
            Assert.True(right.WaitFor([EndpointState.Listening], Bound));
            a.Send(new byte[60], 1, 10, 0, Bound, default); // for nobody
            Await(() => connecting.Snapshot().Drops.GetValueOrDefault("ReceiveRingStopped") >= 10 * (i + 1), "the drops without a guest");
            b = Guest("right");
            Pass(a, b, $"after restart {i}");
            Pass(b, a, $"back {i}");
        }
        Assert.Equal((1, 1), (listening.Snapshot().Sessions, connecting.Snapshot().Sessions));
    }

    [FabricFact]
    public void Memory_that_a_guest_adds_and_removes_under_traffic_changes_nothing_for_the_link()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left), connecting = Connect(right, listening);
        AwaitUp(listening, connecting);
        Task traffic = Task.Run(() => Exchange(a, b, 1, 10000));
        using SharedRegion extra = SharedRegion.Create(new SharedRegionOptions { Name = "extra", Size = 4 << 20 });
        for (int i = 0; i < 20; i++)
        {
            b.AddRegion(extra);
            b.RemoveRegion(extra);
        }
        traffic.Wait();
        Assert.Equal(0, connecting.Snapshot().Lost + listening.Snapshot().Lost);
    }

    [FabricFact]
    public void While_the_link_is_down_packets_wait_for_DropAfter_and_then_are_dropped_and_counted()
    {
        VhostServer left = Server("left");
        VhostClient a = Guest("left");
        IbTransport listening = Listen(left, Options with { DropAfter = TimeSpan.FromSeconds(0.3) });
        a.Send(new byte[60], 1, 100, 0, Bound, default);
        Await(() => left.Snapshot().Drops.GetValueOrDefault("LinkDown") == 100, "the drops");
        Assert.Equal(IbTransportState.Listening, listening.State);
    }

    [FabricFact]
    public void Packets_that_wait_for_the_link_cross_when_it_comes()
    {
        VhostServer left = Server("left"), right = Server("right");
        VhostClient a = Guest("left"), b = Guest("right");
        IbTransport listening = Listen(left);
        Task passing = Task.Run(() => Pass(a, b, "patience"));
        Thread.Sleep(300);
        IbTransport connecting = Connect(right, listening);
        passing.Wait();
        AwaitUp(listening, connecting);
    }

    [FabricFact]
    public void An_idle_link_leaves_the_cores_alone()
    {
        IbTransport listening = Listen(Server("left")), connecting = Connect(Server("right"), listening);
        AwaitUp(listening, connecting);
        Await(() => connecting.Snapshot().RoundTrip is not null, "a heartbeat");
        TimeSpan before = Environment.CpuUsage.TotalTime;
        Thread.Sleep(2000);
        TimeSpan used = Environment.CpuUsage.TotalTime - before;
        Assert.True(used < TimeSpan.FromSeconds(1), $"two idle ends used {used.TotalMilliseconds:0} ms in 2 s");
    }

    [FabricFact]
    public void Four_hosts_in_a_full_mesh_are_one_switch_without_loops()
    {
        const int hosts = 4;
        VhostServer[] servers = [.. Enumerable.Range(0, hosts).Select(i => Server($"host{i}"))];
        VhostBridge[] bridges = [.. Enumerable.Range(0, hosts).Select(i => Keep(VhostBridge.Create(new VhostBridgeOptions { Name = $"br{i}" })))];
        for (int i = 0; i < hosts; i++) bridges[i].AddServer(servers[i]);
        VhostClient[] guests = [.. Enumerable.Range(0, hosts).Select(i => Guest($"host{i}"))];
        for (int i = 0; i < hosts; i++)
        {
            for (int j = i + 1; j < hosts; j++)
            {
                IbTransport listening = Keep(IbTransport.Create(Options with { Name = $"to{j}", Listen = "127.0.0.1", Port = 0 }, bridges[i]));
                IbTransport connecting = Keep(IbTransport.Create(Options with { Name = $"to{i}", Connect = "127.0.0.1", Port = PortOf(listening) }, bridges[j]));
                AwaitUp(listening, connecting);
            }
        }
        for (int round = 0; round < 3; round++)
        {
            for (int from = 0; from < hosts; from++)
            {
                byte[] frame = new byte[100];
                new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, (byte)from, 0x88, 0xb5, (byte)round }.CopyTo(frame, 0);
                guests[from].Send(frame, 1, 1, 0, Bound, default);
                for (int to = 0; to < hosts; to++)
                {
                    if (to == from) continue;
                    var received = new List<ReceivedPacket>();
                    Assert.Equal(1, guests[to].Receive(received, 0, 10, Bound, default));
                    Assert.Equal(frame, received[0].Bytes.ToArray());
                }
            }
        }
        // A loop would have made copies without end by now.
        Assert.All(guests, guest => Assert.Equal(0, guest.Receive(new List<ReceivedPacket>(), 0, 10, TimeSpan.FromSeconds(0.2), default)));
        // Learnt: a packet for one goes over one link only.
        byte[] known = new byte[100];
        new byte[] { 2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0x88, 0xb5 }.CopyTo(known, 0);
        guests[0].Send(known, 1, 50, 0, Bound, default);
        var got = new List<ReceivedPacket>();
        while (got.Count < 50) Assert.NotEqual(0, guests[3].Receive(got, 0, 64, Bound, default));
        Assert.Equal(0, guests[1].Receive(new List<ReceivedPacket>(), 0, 10, TimeSpan.FromSeconds(0.1), default));
        VhostBridgePortInfo[] ports = [.. bridges[0].Snapshot().Ports.Where(port => port.Kind == "Link")];
        Assert.Equal(3, ports.Length);
        Assert.All(ports, port => Assert.True(port.Up));
    }
}
