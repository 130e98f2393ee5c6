using System.Net;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>End to end: two guests of QEMU, each on a server of its own, joined by a link as those of two hosts would be.</summary>
public sealed class LinkedGuestTests
{
    private const int FileBytes = 4 << 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [QemuTheory]
    [InlineData(LinkProvider.Tcp, false)]
    [InlineData(LinkProvider.Tcp, true)]
    [InlineData(LinkProvider.Shm, false)]
    public void Two_guests_ping_and_copy_a_file_across_a_link(LinkProvider provider, bool encrypt)
    {
        using SocketFolder folder = new();
        using VhostServer a = VhostServer.Start(new VhostServerOptions { Name = "a", Path = folder.File("a") });
        using VhostServer b = VhostServer.Start(new VhostServerOptions { Name = "b", Path = folder.File("b") });
        LinkCredential? key = encrypt ? LinkCredential.FromText(Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray())) : null;
        IbTransportOptions common = new() { Name = "listens", Provider = provider, Credential = key, Encrypt = encrypt };
        using IbTransport listens = IbTransport.Create(common with { Listen = "127.0.0.1", Port = 0 }, a);
        using IbTransport connects = IbTransport.Create(common with { Name = "connects", Connect = "127.0.0.1", Port = IPEndPoint.Parse(listens.Snapshot().Address).Port }, b);
        Assert.True(connects.WaitFor([IbTransportState.Up], Bound), connects.Snapshot().Fault);

        using QemuGuest left = QemuGuest.Start(new QemuOptions { Socket = folder.File("a"), MacAddress = "52:54:00:00:00:01" });
        using QemuGuest right = QemuGuest.Start(new QemuOptions { Socket = folder.File("b"), MacAddress = "52:54:00:00:00:02" });
        left.WaitUntilReady(Bound).SetAddress("198.18.0.1/24");
        right.WaitUntilReady(Bound).SetAddress("198.18.0.2/24");
        foreach (int size in (int[])[56, 1400, 8000])
            Assert.Contains("5 packets received", left.Run($"ping -c 5 -i 0.1 -W 10 -s {size} 198.18.0.2", Bound));

        Assert.Equal(Serve(left), right.Run("wget -q -O - http://198.18.0.1/file | md5sum", Bound));
        Assert.Equal(Serve(right), left.Run("wget -q -O - http://198.18.0.2/file | md5sum", Bound));
        IbTransportInfo info = listens.Snapshot();
        Assert.Equal((IbTransportState.Up, provider, 1, 0), (info.State, info.Provider, info.Sessions, info.Lost));
        Assert.True(info.PacketsSent > 100 && info.PacketsReceived > 100, $"{info.PacketsSent} and {info.PacketsReceived} packets crossed the link");
        Assert.Null(a.Snapshot().Fault);
        Assert.Null(b.Snapshot().Fault);
    }

    private static string Serve(QemuGuest guest) => guest.Run($"mkdir /tmp/srv; head -c {FileBytes} /dev/urandom > /tmp/srv/file; httpd -p 80 -h /tmp/srv; md5sum < /tmp/srv/file");
}
