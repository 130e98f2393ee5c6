using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench.Link;

/// <summary>What other programs reach over the same loopback: each returns messages per second, iperf3 packets of the size given.</summary>
internal static class OtherPrograms
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>The program and the package that brings it.</summary>
    public static readonly (string Program, string Package)[] Needed =
        [("fi_pingpong", "libfabric-bin"), ("iperf3", "iperf3"), ("ucx_perftest", "ucx-utils"), ("taskset", "util-linux")];

    /// <summary>Why one is missing, with the command that installs it; null when it is there.</summary>
    public static string? WhyMissing(string program) =>
        Programs.Find(program) is null ? $"{program} not found: apt-get install {Needed.First(needed => needed.Program == program).Package}" : null;

    /// <summary>fi_pingpong, which spins as ours does; its time per transfer is one way.</summary>
    public static Measurement FabricPingPong(int size, TimeSpan time)
    {
        string port = $"{LinkPair.FreePort()}";
        string[] common = ["-p", "tcp", "-e", "msg", "-S", $"{size}", "-I", $"{(int)(time.TotalSeconds * 20_000)}"];
        using PeerProgram server = LinkPair.Start(0, "fi_pingpong", [.. common, "-B", port]); // its own port; the client names it with -P
        WaitUntilListening(port);
        using PeerProgram client = LinkPair.Start(1, "fi_pingpong", [.. common, "-P", port, "127.0.0.1"]);
        // bytes #sent #ack total time MB/sec usec/xfer Mxfers/sec
        Match line = client.WaitForLine(@"^\d+\s.*?\s([\d.]+)\s+[\d.]+\s*$", Bound);
        return new Measurement(1e6 / Number(line));
    }

    /// <summary>iperf3 with one stream and writes of 128 KiB.</summary>
    public static Measurement Iperf3(int size, TimeSpan time)
    {
        string port = $"{LinkPair.FreePort()}";
        using PeerProgram server = LinkPair.Start(0, "iperf3", "-s", "-1", "-p", port);
        server.WaitForLine("listening", Bound);
        using PeerProgram client = LinkPair.Start(1, "iperf3", "-c", "127.0.0.1", "-p", port, "-P", "1", "-l", "128K", "-t", $"{Math.Max(1, (int)time.TotalSeconds)}", "-f", "m");
        return new Measurement(Number(client.WaitForLine(@"([\d.]+) Mbits/sec.*receiver", Bound)) * 1e6 / 8 / size);
    }

    /// <summary>UCX's active messages over tcp.</summary>
    public static Measurement Ucx(int size, TimeSpan time)
    {
        string port = $"{LinkPair.FreePort()}";
        string[] set = ["UCX_TLS=tcp", "UCX_NET_DEVICES=lo", "ucx_perftest", "-p", port];
        using PeerProgram server = LinkPair.Start(0, "env", set);
        WaitUntilListening(port);
        using PeerProgram client = LinkPair.Start(1, "env", [.. set, "127.0.0.1", "-t", "ucp_am_bw", "-s", $"{size}", "-n", $"{(int)(time.TotalSeconds * 100_000)}", "-f"]);
        // its one line of figures: iterations, three of overhead, two of bandwidth, the message rate of late and over all
        return new Measurement(Number(client.WaitForLine(@"^\s*(?:Final:)?\s*\d+(?:\s+[\d.]+){6}\s+([\d.]+)\s*$", Bound)));
    }

    // /proc/net/tcp names the port in hexadecimal and the state LISTEN as 0A.
    private static void WaitUntilListening(string port)
    {
        string entry = $":{int.Parse(port, CultureInfo.InvariantCulture):X4} ";
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")).Any(line => line.Contains(entry, StringComparison.Ordinal) && line.Contains(" 0A ", StringComparison.Ordinal)))
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > Bound) throw new TimeoutException($"nobody listens on port {port}");
            Thread.Sleep(20);
        }
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
}
