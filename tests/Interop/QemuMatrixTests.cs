using System.Globalization;
using System.Security.Cryptography;
using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Device options of QEMU, one after another: guest and host talk through our tap, and every byte of a file arrives in both directions.</summary>
[Peer("QEMU guest", "front-end")]
public sealed class QemuMatrixTests : IDisposable
{
    private const int FileBytes = 4 << 20;
    private const string NoOffloads = "csum=off,guest_csum=off,gso=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off";
    private static readonly string[] s_offloads = ["Csum", "GuestCsum", "HostTso4", "GuestTso4"];
    private static readonly TimeSpan TransferBound = TimeSpan.FromSeconds(60);

    private readonly SocketFolder _folder = new();
    private readonly HostNetwork _host = new();

    public void Dispose()
    {
        _host.Dispose();
        _folder.Dispose();
    }

    [QemuTheory(tap: true)]
    [Cell("", 1, true)]
    [Cell("mrg_rxbuf=off", 1, true, Full = true)]
    [Cell("packed=on", 1, true, Needs = VirtioFeatures.RingPacked)]
    [Cell("packed=on,mrg_rxbuf=off", 1, true, Needs = VirtioFeatures.RingPacked, Full = true)]
    [Cell("packed=on", 2, false, Needs = VirtioFeatures.RingPacked, Full = true)]
    [Cell("packed=on,event_idx=off,indirect_desc=off", 1, true, Needs = VirtioFeatures.RingPacked, Full = true)]
    [Cell("event_idx=off", 1, true, Full = true)]
    [Cell("indirect_desc=off", 1, true, Full = true)]
    [Cell(NoOffloads, 1, true, Full = true)]
    [Cell("disable-modern=on", 1, true, Full = true)]
    [Cell("disable-modern=on,mrg_rxbuf=off", 1, true, Full = true)]
    [Cell("rx_queue_size=256,tx_queue_size=256", 1, true, Full = true)]
    [Cell("rx_queue_size=1024,tx_queue_size=1024", 1, true, Full = true)]
    [Cell("", 2, true, Full = true)]
    [Cell("", 4, true, Full = true)]
    [Cell("", 1, false, Full = true)]
    public void A_file_crosses_in_both_directions_and_pings_of_every_size_come_back(string device, int pairs, bool serverListens)
    {
        string tap = HostNetwork.NewTapName();
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0",
            Path = _folder.Socket,
            Mode = ServerMode.Tap,
            Tap = tap,
            Connect = !serverListens,
            QueuePairs = pairs,
        });
        _host.Attach(tap, "198.18.0.2/24");
        using QemuGuest guest = QemuGuest.Start(new QemuOptions { Socket = _folder.Socket, Listen = !serverListens, Device = device, QueuePairs = pairs });
        guest.WaitUntilReady().SetAddress("198.18.0.1/24");

        AssertNegotiated(server, device);
        foreach (int size in (int[])[56, 1472, 8000, 60000])
        {
            Assert.Contains("5 packets transmitted, 5 packets received", guest.Run($"ping -c 5 -i 0.1 -W 5 -s {size} 198.18.0.2"));
            Assert.Contains("5 packets transmitted, 5 packets received", _host.Run($"busybox ping -c 5 -i 0.1 -W 5 -s {size} 198.18.0.1"));
        }
        CrossFile(guest);
        for (int cpu = 0; cpu < pairs; cpu++) guest.Run($"taskset -c {cpu} ping -c 3 -i 0.1 -W 5 198.18.0.2");

        VhostServerInfo info = server.Snapshot();
        Assert.Null(info.Fault);
        Assert.Null(info.LastRefusal);
        Assert.Equal(0, info.Drops.GetValueOrDefault("InvalidChain") + info.Drops.GetValueOrDefault("InvalidHeader") + info.Drops.GetValueOrDefault("TapRefused"));
        Assert.All(server.GetVringStates(), ring => Assert.True(ring.Enabled, ring.ToString()));
        // The guest sends from the processor of the sender: each of its transmit rings has been used.
        Assert.All(server.GetVringStates().Where(ring => ring.Direction == "TX"), ring => Assert.True(ring.Packets > 0, ring.ToString()));
    }

    [QemuFact(full: true)]
    public void Two_guests_reach_each_other_over_two_servers_and_our_bridge()
    {
        using VhostServer left = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = _folder.File("a.sock") });
        using VhostServer right = VhostServer.Start(new VhostServerOptions { Name = "sw1", Path = _folder.File("b.sock") });
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
        bridge.AddServer(left);
        bridge.AddServer(right);
        using QemuGuest first = QemuGuest.Start(new QemuOptions { Socket = left.Path, MacAddress = "52:54:00:00:00:01" });
        using QemuGuest second = QemuGuest.Start(new QemuOptions { Socket = right.Path, MacAddress = "52:54:00:00:00:02" });
        first.WaitUntilReady().SetAddress("198.18.0.1/24");
        second.WaitUntilReady().SetAddress("198.18.0.2/24");
        foreach (int size in (int[])[56, 1472, 8000, 60000])
            Assert.Contains("5 packets transmitted, 5 packets received", first.Run($"ping -c 5 -i 0.1 -W 5 -s {size} 198.18.0.2"));

        Assert.Equal(Serve(first), second.Run("timeout 30 wget -q -O - http://198.18.0.1/file | md5sum", TransferBound));
        Assert.Equal(Serve(second), first.Run("timeout 30 wget -q -O - http://198.18.0.2/file | md5sum", TransferBound));
        Assert.All((VhostServer[])[left, right], server =>
        {
            Assert.Null(server.Snapshot().Fault);
            Assert.Superset(s_offloads.ToHashSet(), server.Snapshot().Features.ToHashSet());
        });
        Assert.Equal(["52:54:00:00:00:01", "52:54:00:00:00:02"], bridge.Snapshot().Stations.Select(station => $"{station.MacAddress}").Order());

        static string Serve(QemuGuest guest) => guest.Run($"mkdir /tmp/srv; head -c {FileBytes} /dev/urandom > /tmp/srv/file; httpd -p 80 -h /tmp/srv; md5sum < /tmp/srv/file");
    }

    // The guest fetches a file from the host, and the host fetches that copy from the guest.
    private void CrossFile(QemuGuest guest)
    {
        byte[] content = new byte[FileBytes];
        new Random(FileBytes).NextBytes(content);
        string folder = Directory.CreateDirectory(_folder.File("srv")).FullName, copy = _folder.File("copy");
        File.WriteAllBytes(Path.Combine(folder, "file"), content);
        using PeerProgram server = _host.Start(TransferBound, "busybox", "httpd", "-f", "-p", "80", "-h", folder);
        guest.Run("mkdir -p /tmp/srv; for i in 1 2 3 4 5; do timeout 30 wget -q -O /tmp/srv/file http://198.18.0.2/file && exit; usleep 200000; done; exit 1", TransferBound);
        Assert.StartsWith(Convert.ToHexStringLower(MD5.HashData(content)), guest.Run("md5sum /tmp/srv/file"));
        guest.Run("httpd -p 80 -h /tmp/srv");
        _host.Run($"timeout 30 busybox wget -q -O {copy} http://198.18.0.1/file", TransferBound);
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(copy)), "the file that came back from the guest is another one");
    }

    // A back-end that lacks a feature silently gets a guest without it: then the cell would prove nothing.
    private static void AssertNegotiated(VhostServer server, string device)
    {
        string[] features = server.Snapshot().Features;
        Assert.Equal(server.GetVringStates().Length > 2, features.Contains("Mq"));
        Assert.Equal(!device.Contains("disable-modern", StringComparison.Ordinal), features.Contains("Version1"));
        Assert.Equal(!device.Contains("mrg_rxbuf=off", StringComparison.Ordinal), features.Contains("MrgRxbuf"));
        Assert.Equal(!device.Contains("event_idx=off", StringComparison.Ordinal), features.Contains("EventIdx"));
        Assert.Equal(!device.Contains("indirect_desc=off", StringComparison.Ordinal), features.Contains("IndirectDesc"));
        Assert.Equal(device.Contains("packed=on", StringComparison.Ordinal), features.Contains("RingPacked"));
        foreach (string offload in s_offloads) Assert.Equal(device != NoOffloads, features.Contains(offload));
        int size = device.StartsWith("rx_queue_size=", StringComparison.Ordinal) ? int.Parse(device.AsSpan("rx_queue_size=".Length, device.IndexOf(',') - "rx_queue_size=".Length), CultureInfo.InvariantCulture) : 256;
        Assert.All(server.GetVringStates(), ring => Assert.Equal(size, ring.Size));
    }
}
