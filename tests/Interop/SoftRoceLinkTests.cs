using System.Text.RegularExpressions;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Links over real verbs between guests with Soft-RoCE: what ./build.sh test -Rdma adds.</summary>
public sealed class SoftRoceLinkTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(180);

    [SoftRoceFact(full: true)]
    public void Two_guests_exchange_checked_packets_in_bundles() => BetweenGuests("bundle", "pairs=1 packets=20000 max=9000");

    [SoftRoceFact(full: true)]
    public void Two_guests_exchange_checked_packets_of_four_queue_pairs() => BetweenGuests("bundle", "pairs=4 packets=3000 max=1500");

    [SoftRoceFact(full: true)]
    public void Two_guests_exchange_encrypted_packets() =>
        BetweenGuests("bundle", $"pairs=1 packets=3000 max=1500 encrypt=1 key={Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray())}");

    // This guest's kernel has sch_netem, which the kernel of the tests' host may not have.
    [SoftRoceFact(full: true)]
    public void A_link_between_network_namespaces_outlives_loss_delay_and_a_cut_of_ten_seconds()
    {
        using QemuGuest guest = SoftRoce.Start("198.18.0.1/24", lifetime: TimeSpan.FromMinutes(8));
        // By their paths: busybox's shell would take its own ip.
        guest.Run("mkdir -p /var/run; /bin/ip netns add far && /bin/ip link add near0 type veth peer name far0 netns far");
        guest.Run("/bin/ip addr add 198.18.7.1/24 dev near0 && /bin/ip link set near0 up");
        guest.Run("/bin/ip -n far addr add 198.18.7.2/24 dev far0 && /bin/ip -n far link set far0 up && /bin/ip -n far link set lo up");
        Impair("delay 10ms loss 1%");
        const string both = "provider=tcp insecure=1 lossy=1 seconds=60 max=1500 drop=1 up=150";
        GuestLink near = GuestLink.Start(guest, "near", $"listen=198.18.7.1 {both}");
        near.WaitForLine("ready", Bound);
        GuestLink far = GuestLink.Start(guest, "far", $"connect=198.18.7.1 {both}", "far");
        near.WaitForLine("up Tcp", Bound);
        guest.Run("sleep 10");
        Impair("loss 100%");
        guest.Run("sleep 10");
        Impair("delay 10ms loss 1%");
        // lossy: what came was in order, unaltered, and nothing twice, or the line would be "failed".
        foreach (GuestLink end in (GuestLink[])[near, far])
        {
            Match line = Regex.Match(end.WaitForLine("ok", Bound), @"sent (\d+) received (\d+) missing (\d+)");
            Assert.True(int.Parse(line.Groups[2].Value, null) > 1000, line.Value);
        }

        void Impair(string how) => guest.Run($"/bin/tc qdisc replace dev near0 root netem limit 100000 {how} && /bin/ip netns exec far /bin/tc qdisc replace dev far0 root netem limit 100000 {how}");
    }

    [SoftRoceFact(full: true)]
    public void Tools_of_rdma_core_work_between_the_guests()
    {
        using Pair pair = new();
        foreach ((string server, string client) in new[]
        {
            ("rping -s -a 198.18.0.2 -C 20", "rping -c -a 198.18.0.2 -C 20 -V"),
            ("ib_send_bw -d rxe0 -x 1 -F -e -n 100", "ib_send_bw -d rxe0 -x 1 -F -e -n 100 198.18.0.2"),
        })
        {
            pair.B.Run($"({server} > /tmp/server.log 2>&1; echo ended >> /tmp/server.log) > /dev/null 2>&1 & sleep 3");
            (int status, string output) = pair.A.TryRun(client, Bound);
            Assert.True(status == 0, $"{client}: {output}; the other end: {pair.B.Run("cat /tmp/server.log")}");
        }
    }

    private static void BetweenGuests(string mode, string traffic)
    {
        using Pair pair = new();
        string security = traffic.Contains("key=", StringComparison.Ordinal) ? "" : "insecure=1";
        string both = $"provider=verbs mode={mode} {security} seconds=170 up=150 {traffic}";
        GuestLink first = GuestLink.Start(pair.A, "first", $"listen=198.18.0.1 {both}");
        first.WaitForLine("ready", Bound);
        GuestLink second = GuestLink.Start(pair.B, "second", $"connect=198.18.0.1 {both}");
        Assert.Contains($"up Verbs {mode}", first.WaitForLine("up", Bound), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("missing 0", second.WaitForLine("ok", Bound));
        Assert.Contains("missing 0", first.WaitForLine("ok", Bound));
        Assert.True(SoftRoceTests.SentByDevice(pair.A) > 100, "packets went around the device");
        Assert.Null(pair.Fault);
    }

    /// <summary>Two guests whose interfaces are ports of a bridge of ours: every RoCE packet crosses our switch.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly SocketFolder _folder = new();
        private readonly List<IDisposable> _parts = [];
        private readonly VhostServer[] _servers;

        public Pair()
        {
            try
            {
                _servers = [.. new[] { "a", "b" }.Select(name => Keep(VhostServer.Start(new VhostServerOptions { Name = name, Path = _folder.File(name) })))];
                VhostBridge bridge = Keep(VhostBridge.Create(new VhostBridgeOptions { Name = "br0" }));
                foreach (VhostServer server in _servers) bridge.AddServer(server);
                Task<QemuGuest> other = Task.Run(() => SoftRoce.Start("198.18.0.2/24", _folder.File("b"), "52:54:00:00:00:02", TimeSpan.FromMinutes(8)));
                A = Keep(SoftRoce.Start("198.18.0.1/24", _folder.File("a"), "52:54:00:00:00:01", TimeSpan.FromMinutes(8)));
                B = Keep(other.GetAwaiter().GetResult());
                A.Run("ping -c 3 -W 10 198.18.0.2", TimeSpan.FromSeconds(40));
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public QemuGuest A { get; }

        public QemuGuest B { get; }

        public string? Fault => _servers.Select(server => server.Snapshot().Fault).FirstOrDefault(fault => fault is not null);

        public void Dispose()
        {
            for (int i = _parts.Count - 1; i >= 0; i--) _parts[i].Dispose();
            _folder.Dispose();
        }

        private T Keep<T>(T part) where T : IDisposable
        {
            _parts.Add(part);
            return part;
        }
    }
}
