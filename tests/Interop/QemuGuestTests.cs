using System.Net;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A guest of QEMU whose network device is served by a packet handler of ours: start, reset, and driver changes.</summary>
[Peer("QEMU guest", "front-end")]
public class QemuGuestTests
{
    private const string Us = "198.18.0.2";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private readonly Responder _responder = new(IPAddress.Parse(Us));

    [QemuTheory]
    [Cell(true)]
    [Cell(false)]
    public void A_guest_gets_its_pings_answered_whoever_listens(bool serverListens)
    {
        using SocketFolder folder = new();
        using VhostServer server = Serve(folder, serverListens);
        using QemuGuest guest = Boot(folder, serverListens);
        Ping(guest);

        VhostServerInfo info = server.Snapshot();
        Assert.Equal(EndpointState.Running, info.State);
        Assert.EndsWith("qemu-system-x86_64", info.PeerExecutable);
        Assert.Equal(1, info.Sessions);
        Assert.Null(info.Fault);
        Assert.Null(info.LastRefusal);
        Assert.Equal(0, info.Dropped);
        Assert.Equal(info.PacketsSent, long.Parse(guest.Run("cat /sys/class/net/eth0/statistics/rx_packets"), null));
    }

    [QemuFact]
    public void A_guest_that_is_reset_and_one_that_reboots_itself_come_back_with_rings_from_zero()
    {
        using SocketFolder folder = new();
        using VhostServer server = Serve(folder, serverListens: true);
        using QemuGuest guest = Boot(folder, serverListens: true);
        Ping(guest);

        guest.Monitor.Execute("system_reset");
        guest.WaitUntilReady().SetAddress("198.18.0.1/24");
        Ping(guest);

        guest.Run("(sleep 0.2; reboot -f) >/dev/null 2>&1 &");
        guest.WaitUntilReady().SetAddress("198.18.0.1/24");
        Ping(guest);

        VhostServerInfo info = server.Snapshot();
        Assert.Equal(1, info.Sessions);
        Assert.Null(info.Fault);
        Assert.All(server.GetVringStates(), ring => Assert.StartsWith("ok", ring.Verdict));
    }

    [QemuFact(full: true)]
    public void A_driver_that_lets_go_of_the_device_and_takes_it_again_goes_on()
    {
        using SocketFolder folder = new();
        using VhostServer server = Serve(folder, serverListens: true);
        using QemuGuest guest = Boot(folder, serverListens: true);
        Ping(guest);
        for (int round = 0; round < 3; round++)
        {
            guest.Run("echo virtio0 > /sys/bus/virtio/drivers/virtio_net/unbind");
            Assert.Equal(EndpointState.Connected, Deadline.Wait(() => server.State, state => state == EndpointState.Connected, Bound));
            Assert.All(server.GetVringStates(), ring => Assert.StartsWith("stopped", ring.Verdict));
            guest.Run("echo virtio0 > /sys/bus/virtio/drivers/virtio_net/bind");
            guest.SetAddress("198.18.0.1/24");
            Ping(guest);
        }
        Assert.Equal(1, server.Snapshot().Sessions);
        Assert.Null(server.Snapshot().Fault);
    }

    [QemuFact(full: true)]
    public void A_server_serves_one_qemu_after_another_even_if_the_first_was_killed()
    {
        using SocketFolder folder = new();
        using VhostServer server = Serve(folder, serverListens: true);
        using (QemuGuest first = Boot(folder, serverListens: true))
        {
            Ping(first);
            first.Kill();
        }
        Deadline.Wait(() => server.State, state => state == EndpointState.Listening, Bound);
        using QemuGuest second = Boot(folder, serverListens: true);
        Ping(second);
        Assert.Equal(2, server.Snapshot().Sessions);
        Assert.Null(server.Snapshot().Fault);
    }

    private VhostServer Serve(SocketFolder folder, bool serverListens) => VhostServer.Start(new VhostServerOptions
    {
        Name = "sw0",
        Path = folder.Socket,
        Connect = !serverListens,
        Mode = ServerMode.Script,
        Handler = _responder.Handle,
    });

    private static QemuGuest Boot(SocketFolder folder, bool serverListens)
    {
        QemuGuest guest = QemuGuest.Start(new QemuOptions { Socket = folder.Socket, Listen = !serverListens });
        try
        {
            return guest.WaitUntilReady().SetAddress("198.18.0.1/24");
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    private void Ping(QemuGuest guest)
    {
        int before = _responder.Pings;
        string report = guest.Run($"ping -c 10 -i 0.1 -W 5 {Us}");
        Assert.Contains("10 packets transmitted, 10 packets received", report);
        Assert.Equal(before + 10, _responder.Pings);
    }
}
