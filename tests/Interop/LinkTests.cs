using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>
/// Links between two processes, on this host and between network namespaces whose cable is slow, lossy or cut. With VHOSTUSER_INTEROP=full
/// ten million packets go each way.
/// </summary>
public sealed class LinkTests
{
    private static readonly string s_key = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    private static long Packets => FullMatrix.WhySkipped is null ? 10_000_000 : 200_000;

    private static TimeSpan Bound => FullMatrix.WhySkipped is null ? TimeSpan.FromMinutes(15) : TimeSpan.FromMinutes(3);

    [LinkTheory]
    [InlineData("tcp", 1)]
    [InlineData("tcp", 4)]
    [InlineData("shm", 1)]
    [InlineData("shm", 4)]
    public void Numbered_packets_of_64_to_9000_bytes_cross_between_two_processes_none_lost_repeated_or_altered(string provider, int pairs)
    {
        string[] common = [$"provider={provider}", $"pairs={pairs}", $"packets={Packets / pairs}", $"seconds={Bound.TotalSeconds:0}"];
        using LinkEndProcess a = LinkEndProcess.Start(null, ["listen=127.0.0.1", "port=0", .. common]);
        string port = a.Program.WaitForLine(@"^ready .*:(\d+)", TimeSpan.FromSeconds(1)).Groups[1].Value;
        using LinkEndProcess b = LinkEndProcess.Start(null, ["connect=127.0.0.1", $"port={port}", .. common]);
        long each = Packets / pairs * pairs;
        Assert.Equal((each, each, 0L), a.WaitForTraffic(Bound));
        Assert.Equal((each, each, 0L), b.WaitForTraffic(Bound));
        Assert.Equal(("Up", 1, 0L), a.Look());
    }

    [LinkNetworkFact]
    public void Delay_and_loss_on_the_path_slow_a_link_down_and_nothing_else()
    {
        using HostNetwork left = new(), right = new();
        using HostLink cable = HostLink.Join(left, "198.18.20.1/24", right, "198.18.20.2/24");
        cable.Impair(loss: 0.01, delay: TimeSpan.FromMilliseconds(2));
        string[] common = [$"key={s_key}", "packets=20000", "max=1500", "seconds=120"];
        using LinkEndProcess a = LinkEndProcess.Start(left, ["listen=198.18.20.1", .. common]);
        using LinkEndProcess b = LinkEndProcess.Start(right, ["connect=198.18.20.1", .. common]);
        Assert.Equal((20000L, 20000L, 0L), a.WaitForTraffic(Bound));
        Assert.Equal((20000L, 20000L, 0L), b.WaitForTraffic(Bound));
    }

    [LinkNetworkFact]
    public void After_a_cut_of_ten_seconds_the_link_is_back_within_two_and_nothing_comes_twice()
    {
        using HostNetwork left = new(), right = new();
        using HostLink cable = HostLink.Join(left, "198.18.21.1/24", right, "198.18.21.2/24");
        string[] common = [$"key={s_key}", "lossy=1", "seconds=30", "drop=1"];
        using LinkEndProcess a = LinkEndProcess.Start(left, ["listen=198.18.21.1", .. common]);
        using LinkEndProcess b = LinkEndProcess.Start(right, ["connect=198.18.21.1", .. common]);
        a.WaitUntilUp();
        b.WaitUntilUp();
        Thread.Sleep(2000);
        cable.Cut();
        Thread.Sleep(10_000);
        cable.Mend();
        // Seconds of traffic are left: each end checks that nothing comes twice, out of order or altered.
        (long sent, long received, long missing) = a.WaitForTraffic(Bound);
        b.WaitForTraffic(Bound);
        Assert.True(sent > 1000 && received > 1000, $"sent {sent}, received {received}");
        Assert.True(missing > 0, "ten seconds without a path cost no packet");
        (string state, int sessions, long lost) = b.Look();
        Assert.Equal(("Up", 2), (state, sessions));
        Assert.InRange(lost, 0, 100_000);
    }

    [LinkNetworkFact]
    public void The_path_s_return_is_noticed_within_two_seconds()
    {
        using HostNetwork left = new(), right = new();
        using HostLink cable = HostLink.Join(left, "198.18.22.1/24", right, "198.18.22.2/24");
        string[] common = [$"key={s_key}", "packets=1"];
        using LinkEndProcess a = LinkEndProcess.Start(left, ["listen=198.18.22.1", .. common]);
        using LinkEndProcess b = LinkEndProcess.Start(right, ["connect=198.18.22.1", .. common]);
        a.WaitForTraffic(Bound);
        b.WaitForTraffic(Bound);
        var back = new List<TimeSpan>();
        for (int i = 0; i < 3; i++)
        {
            cable.Cut();
            Deadline.Wait(b.Look, look => look.State == "Connecting", TimeSpan.FromSeconds(30));
            Deadline.Wait(a.Look, look => look.State == "Listening", TimeSpan.FromSeconds(30));
            cable.Mend();
            long start = Stopwatch.GetTimestamp();
            Deadline.Wait(b.Look, look => look.State == "Up", TimeSpan.FromSeconds(30));
            back.Add(Stopwatch.GetElapsedTime(start));
        }
        // On a loaded machine one of three may be late; that all are is no accident.
        Assert.True(back.Min() < TimeSpan.FromSeconds(2), $"back after {string.Join(", ", back.Select(time => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)))} s");
    }

    [LinkTheory]
    [InlineData("tcp")]
    [InlineData("shm")]
    public void A_killed_process_is_noticed_and_its_successor_joins(string provider)
    {
        string[] common = [$"provider={provider}", "lossy=1", "seconds=600", "drop=1"];
        using LinkEndProcess a = LinkEndProcess.Start(null, ["listen=127.0.0.1", "port=0", "packets=-1", "seconds=1", "drop=1", $"provider={provider}"]);
        string port = a.Program.WaitForLine(@"^ready .*:(\d+)", TimeSpan.FromSeconds(1)).Groups[1].Value;
        for (int i = 0; i < 3; i++)
        {
            using LinkEndProcess b = LinkEndProcess.Start(null, ["connect=127.0.0.1", $"port={port}", .. common]);
            b.WaitUntilUp();
            Deadline.Wait(a.Look, look => look.State == "Up" && look.Sessions == i + 1, TimeSpan.FromSeconds(30));
            b.Program.Kill();
            Deadline.Wait(a.Look, look => look.State == "Listening", TimeSpan.FromSeconds(30));
        }
    }

    [LinkNetworkFact]
    public void Four_hosts_in_namespaces_are_one_switch_and_a_host_that_was_cut_off_joins_again()
    {
        using HostNetwork hub = new();
        HostNetwork[] hosts = [.. Enumerable.Range(0, 4).Select(_ => new HostNetwork())];
        HostLink[] cables = [.. hosts.Select((host, i) => HostLink.Join(host, $"198.18.23.{i + 1}/24", hub, null))];
        try
        {
            // Host i listens for each one above it, and connects to each one below it.
            LinkEndProcess[] nodes = [.. hosts.Select((host, i) => LinkEndProcess.Start(host, $"id={i}", $"key={s_key}", "links=" + string.Join(',', Enumerable.Range(0, 4).Where(j => j != i)
                .Select(j => j > i ? $"listen:198.18.23.{i + 1}:{19000 + j}" : $"connect:198.18.23.{j + 1}:{19000 + i}"))))];
            try
            {
                foreach (LinkEndProcess node in nodes) node.Program.WaitForLine("^up 3 links", TimeSpan.FromSeconds(60));
                int[] expected = new int[4];
                for (int round = 0; round < 3; round++) Broadcast(nodes, expected);
                cables[3].Cut();
                Deadline.Wait(() => Links(nodes[0]), links => links.Contains("Listening", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
                cables[3].Mend();
                foreach (LinkEndProcess node in nodes) Deadline.Wait(() => Links(node), links => Regex.Count(links, "Up/") == 3, TimeSpan.FromSeconds(30));
                Broadcast(nodes, expected);
            }
            finally
            {
                foreach (LinkEndProcess node in nodes) node.Dispose();
            }
        }
        finally
        {
            foreach (HostLink cable in cables) cable.Dispose();
            foreach (HostNetwork host in hosts) host.Dispose();
        }
    }

    /// <summary>Each host broadcasts once; every other must see it once, and not again.</summary>
    private static void Broadcast(LinkEndProcess[] nodes, int[] expected)
    {
        for (int from = 0; from < nodes.Length; from++)
        {
            nodes[from].Program.Send("send");
            expected[from]++;
        }
        for (int to = 0; to < nodes.Length; to++)
        {
            int[] wanted = [.. expected.Select((count, from) => from == to ? 0 : count)];
            LinkEndProcess node = nodes[to];
            string got = Deadline.Wait(() => Counts(node), counts => counts.StartsWith(string.Join(' ', wanted), StringComparison.Ordinal), TimeSpan.FromSeconds(30));
            Assert.StartsWith(string.Join(' ', wanted), got);
            Assert.Equal(got, Counts(node));
        }
    }

    private static string Counts(LinkEndProcess node) => Ask(node).Split(';')[0]["counts ".Length..];

    private static string Links(LinkEndProcess node) => Ask(node).Split(';')[1];

    private static string Ask(LinkEndProcess node)
    {
        int from = node.Program.LineCount;
        node.Program.Send("count");
        return node.Program.WaitForLine("^counts .*", TimeSpan.FromSeconds(30), from).Value;
    }
}
