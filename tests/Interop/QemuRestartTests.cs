using System.Net;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>QEMU is killed while its guest sends, and another takes its place on the same server.</summary>
[Peer("QEMU guest", "front-end")]
public class QemuRestartTests
{
    private const string Us = "198.18.0.2";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [QemuTheory]
    [Cell("", true, 5, Full = true)]
    [Cell("packed=on", true, 3, Full = true)]
    [Cell("packed=on", false, 3, Full = true)]
    [Cell("", false, 5, Full = true)]
    public void A_server_serves_each_qemu_that_comes_after_one_that_was_killed_under_traffic(string device, bool serverListens, int kills)
    {
        using SocketFolder folder = new();
        Responder responder = new(IPAddress.Parse(Us));
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0", Path = folder.Socket, Connect = !serverListens, Mode = ServerMode.Script, Handler = responder.Handle,
        });
        for (int round = 0; round <= kills; round++)
        {
            using QemuGuest guest = QemuGuest.Start(new QemuOptions { Socket = folder.Socket, Listen = !serverListens, Device = device });
            guest.WaitUntilReady().SetAddress("198.18.0.1/24");
            Assert.Contains("10 packets received", guest.Run($"ping -c 10 -i 0.1 -W 5 {Us}"));
            Assert.Equal(round + 1, server.Snapshot().Sessions);
            int before = responder.Pings;
            guest.Run($"for i in 1 2 3 4; do ping -i 0.005 -s 1400 {Us} > /dev/null 2>&1 & done");
            Deadline.Wait(() => responder.Pings, pings => pings > before + 500, Bound);
            guest.Kill(); // in the middle of its traffic
            if (!serverListens) File.Delete(folder.Socket);
            Deadline.Wait(server.Snapshot, now => now.State is EndpointState.Listening or EndpointState.Connecting && now.Regions.Length == 0, Bound);
        }
        Assert.Null(server.Snapshot().Fault);
        Assert.Equal(0, server.Snapshot().Dropped);
    }
}
