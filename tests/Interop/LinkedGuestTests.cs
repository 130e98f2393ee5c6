using System.Net;
using System.Net.Sockets;
using VhostUser.Tests.Interop.Peers;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>End to end: two guests of QEMU, each on a server in a process of its own, joined by a link as those of two hosts would be.</summary>
[Peer("QEMU guest", "front-end")]
public sealed class LinkedGuestTests
{
    private const int FileBytes = 4 << 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [QemuTheory]
    [Cell(LinkProvider.Tcp, false)]
    [Cell(LinkProvider.Tcp, true, Full = true)]
    [Cell(LinkProvider.Shm, false, Full = true)]
    public void Two_guests_ping_and_copy_a_file_across_a_link(LinkProvider provider, bool encrypt)
    {
        using SocketFolder folder = new();
        string[] common = [$"port={FreePort()}", $"provider={provider}", "up=100", .. encrypt ? new[] { "encrypt=1", $"key={Convert.ToBase64String(new byte[32])}" } : []];
        using LinkEndProcess listens = LinkEndProcess.Start(null, [$"socket={folder.File("a")}", "listen=127.0.0.1", .. common]);
        using LinkEndProcess connects = LinkEndProcess.Start(null, [$"socket={folder.File("b")}", "connect=127.0.0.1", .. common]);
        listens.WaitUntilUp();
        connects.WaitUntilUp();

        using QemuGuest left = QemuGuest.Start(new QemuOptions { Socket = folder.File("a"), MacAddress = "52:54:00:00:00:01" });
        using QemuGuest right = QemuGuest.Start(new QemuOptions { Socket = folder.File("b"), MacAddress = "52:54:00:00:00:02" });
        left.WaitUntilReady(Bound).SetAddress("198.18.0.1/24");
        right.WaitUntilReady(Bound).SetAddress("198.18.0.2/24");
        foreach (int size in (int[])[56, 1400, 8000])
            Assert.Contains("5 packets received", left.Run($"ping -c 5 -i 0.1 -W 10 -s {size} 198.18.0.2", Bound));
        Assert.Equal(Serve(left), right.Run("wget -q -O - http://198.18.0.1/file | md5sum", Bound));
        Assert.Equal(Serve(right), left.Run("wget -q -O - http://198.18.0.2/file | md5sum", Bound));

        Assert.Equal(("Up", 1, 0L), listens.Look());
        Assert.Equal(("Up", 1, 0L), connects.Look());
    }

    private static string Serve(QemuGuest guest) => guest.Run($"mkdir /tmp/srv; head -c {FileBytes} /dev/urandom > /tmp/srv/file; httpd -p 80 -h /tmp/srv; md5sum < /tmp/srv/file");

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
