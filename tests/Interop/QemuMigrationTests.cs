using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A guest moves from one QEMU to another, each on a server of ours, while the host sends to it.</summary>
/// <remarks>
/// A test that only streams does not notice a missing dirty log: what a running program reads, its own processor has written too. Here the
/// receiver stands still. Every page has been sent before the host's packets come, into buffers that the driver posted long ago, and
/// nothing in the guest touches them until it has moved. Only the back-end's log tells QEMU that those pages changed.
/// </remarks>
[Peer("QEMU live migration", "front-end")]
public sealed class QemuMigrationTests : IDisposable
{
    private const int PartBytes = 512 << 10;
    private const string Device = "rx_queue_size=1024,guest_announce=off";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    private static readonly ProtocolFeatures s_offered = BackEndOptions.DefaultProtocolFeatures;

    private readonly SocketFolder _folder = new();
    private readonly HostNetwork _host = new();

    public void Dispose()
    {
        _host.Dispose();
        _folder.Dispose();
    }

    [QemuTheory(tap: true)]
    [Cell(Device, NeedsProtocol = ProtocolFeatures.LogShmfd, Full = true)]
    [Cell(Device + ",packed=on", Needs = VirtioFeatures.RingPacked, NeedsProtocol = ProtocolFeatures.LogShmfd, Full = true)]
    public void A_guest_keeps_its_connection_and_every_byte_of_it(string device)
    {
        (bool whole, FrontEndRequest[] source, FrontEndRequest[] destination) = Migrate(device, losesLog: false);
        Assert.Contains(FrontEndRequest.SetLogBase, source);
        Assert.DoesNotContain(FrontEndRequest.SetLogBase, destination);
        Assert.True(whole, "the stream is not whole on the destination");
        if ((s_offered & ProtocolFeatures.Rarp) != 0) Assert.Contains(FrontEndRequest.SendRarp, destination);
    }

    [QemuTheory(tap: true)]
    [Cell(Device, NeedsProtocol = ProtocolFeatures.LogShmfd, Full = true)]
    public void Without_the_marks_in_the_dirty_log_the_same_migration_loses_data(string device) =>
        Assert.False(Migrate(device, losesLog: true).Whole, "the stream arrived whole without a log: this migration proves nothing");

    private (bool Whole, FrontEndRequest[] Source, FrontEndRequest[] Destination) Migrate(string device, bool losesLog)
    {
        string tap = HostNetwork.NewTapName(), incoming = $"unix:{_folder.File("migration")}";
        using VhostServer left = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = _folder.File("a") });
        using VhostServer right = VhostServer.Start(new VhostServerOptions { Name = "sw1", Path = _folder.File("b") });
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
        bridge.AddServer(left);
        bridge.AddServer(right);
        bridge.AddTap(tap);
        _host.Attach(tap, "198.18.0.2/24");
        using MessageProxy leftMessages = new(_folder.File("a.proxy"), left.Path, losesLog), rightMessages = new(_folder.File("b.proxy"), right.Path, losesLog);

        QemuOptions options = new() { Socket = _folder.File("a.proxy"), Device = device, Lifetime = TimeSpan.FromMinutes(4) };
        using QemuGuest source = QemuGuest.Start(options);
        source.WaitUntilReady().SetAddress("198.18.0.1/24");
        using QemuGuest destination = QemuGuest.Start(options with { Socket = _folder.File("b.proxy"), Incoming = incoming });
        byte[] content = PrepareStream(out string sendAll);
        StandStill(source);

        source.Monitor.Execute("migrate-set-parameters", new Dictionary<string, object> { ["max-bandwidth"] = 40L << 20, ["downtime-limit"] = 1 });
        source.Monitor.Execute("migrate", new { uri = incoming });
        // The first pass sends all pages; a second and a third begun prove that it is over.
        Deadline.Wait(() => Passes(source), passes => passes >= 4, Bound);
        using PeerProgram sender = _host.Start(Bound + Bound, "sh", "-c", sendAll);
        Deadline.Wait(() => Unread(source), bytes => bytes >= PartBytes, Bound);
        source.Run("touch /tmp/stop");
        source.Monitor.Execute("migrate-set-parameters", new Dictionary<string, object> { ["downtime-limit"] = 3000 });
        string status = Deadline.Wait(() => Status(source), now => now is "completed" or "failed", Bound);
        Assert.Equal("completed", status);

        bool whole = GoOn(destination, content);
        if (!whole) return (false, leftMessages.Requests, rightMessages.Requests);
        Assert.Contains("5 packets received", destination.Run("ping -c 5 -i 0.1 -W 5 198.18.0.2"));
        Assert.Null(left.Snapshot().Fault);
        Assert.Null(right.Snapshot().Fault);
        return (true, leftMessages.Requests, rightMessages.Requests);
    }

    // Two parts on one connection: the second is sent when the guest has moved.
    private byte[] PrepareStream(out string sendAll)
    {
        byte[] content = new byte[2 * PartBytes];
        new Random(PartBytes).NextBytes(content);
        File.WriteAllBytes(_folder.File("part1"), content[..PartBytes]);
        File.WriteAllBytes(_folder.File("part2"), content[PartBytes..]);
        sendAll = $"(cat {_folder.File("part1")}; while [ ! -e {_folder.File("moved")} ]; do sleep 0.1; done; cat {_folder.File("part2")}) | busybox nc 198.18.0.1 5000";
        return content;
    }

    // The receiver stops reading, and a writer keeps 8 MiB dirty, so that the migration cannot end before it may.
    private static void StandStill(QemuGuest guest) => guest.Run("""
        echo 4096 6291456 8388608 > /proc/sys/net/ipv4/tcp_rmem
        (sleep 600 | nc -l -p 5000 > /tmp/received) > /dev/null 2>&1 &
        for i in $(seq 50); do netstat -ltn | grep -q :5000 && break; usleep 100000; done
        kill -STOP $(pidof nc)
        dd if=/dev/urandom of=/tmp/pattern bs=1M count=8 2> /dev/null
        (while [ ! -e /tmp/stop ]; do cat /tmp/pattern > /tmp/dirty; usleep 5000; done) > /dev/null 2>&1 &
        """, TimeSpan.FromSeconds(40));

    private bool GoOn(QemuGuest guest, byte[] content)
    {
        File.WriteAllText(_folder.File("moved"), "");
        try
        {
            guest.Run("kill -CONT $(pidof nc)");
            long end = Environment.TickCount64 + 20_000;
            while (long.Parse(guest.Run("wc -c < /tmp/received"), CultureInfo.InvariantCulture) < content.Length)
            {
                if (Environment.TickCount64 > end) return false;
                Thread.Sleep(200);
            }
            return guest.Run("md5sum /tmp/received").StartsWith(Convert.ToHexStringLower(MD5.HashData(content)), StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return false; // a guest whose memory is not what it was may well fall over
        }
    }

    private static long Unread(QemuGuest guest) => guest.Run("cat /proc/net/tcp /proc/net/tcp6 | awk '{ print $5 }' | cut -d : -f 2").Split('\n')
        .Select(text => long.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long bytes) ? bytes : 0).Max();

    private static long Passes(QemuGuest guest) =>
        guest.Monitor.Execute("query-migrate").TryGetProperty("ram", out JsonElement ram) ? ram.GetProperty("dirty-sync-count").GetInt64() : 0;

    private static string Status(QemuGuest guest) => guest.Monitor.Execute("query-migrate").GetProperty("status").GetString()!;
}
