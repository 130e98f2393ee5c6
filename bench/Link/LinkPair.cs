using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench.Link;

/// <summary>Two processes, each on a core of its own, one of which listens and one connects.</summary>
internal static class LinkPair
{
    private const string Loopback = "127.0.0.1";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    /// <summary>Both ends ours.</summary>
    public static Measurement Ours(string provider, string what, int size, TimeSpan time)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "VhostUser.Bench");
        return Run(program, [LinkEndProcess.Switch, "listen", provider, Loopback, "0", what, $"{size}", Text(time)],
            port => [LinkEndProcess.Switch, "connect", provider, Loopback, port, what, $"{size}", Text(time)], what);
    }

    /// <summary>Both ends the twin in C.</summary>
    public static Measurement Twin(string provider, string what, int size, TimeSpan time)
    {
        string port = $"{FreePort()}";
        return Run(LinkTwin.Program, ["listen", provider, Loopback, port, what, $"{size}", Text(time)], _ => ["connect", provider, Loopback, port, what, $"{size}", Text(time)], what);
    }

    /// <summary>Starts a program on a core.</summary>
    public static PeerProgram Start(int core, string program, params string[] arguments) =>
        PeerProgram.Start("taskset", ["-c", $"{core}", program, .. arguments], TimeSpan.FromSeconds(90));

    /// <summary>A TCP port that nobody has at this moment.</summary>
    public static int FreePort()
    {
        using System.Net.Sockets.TcpListener probe = new(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    // Of a ping-pong, the connecting end counts; of a stream, the listening one, which receives.
    private static Measurement Run(string program, string[] listen, Func<string, string[]> connect, string what)
    {
        using PeerProgram listener = Start(0, program, listen);
        string port = listener.WaitForLine(@"^listening\s?(\d*)", Bound).Groups[1].Value;
        using PeerProgram connector = Start(1, program, connect(port));
        Match result = (what == "pingpong" ? connector : listener).WaitForLine(@"^packets (\d+) seconds ([\d.]+)(?: allocated (\d+))?", Bound);
        double packets = double.Parse(result.Groups[1].Value, CultureInfo.InvariantCulture);
        return new Measurement(packets / double.Parse(result.Groups[2].Value, CultureInfo.InvariantCulture),
            result.Groups[3].Success ? double.Parse(result.Groups[3].Value, CultureInfo.InvariantCulture) / packets : null);
    }

    private static string Text(TimeSpan time) => (time + TimeSpan.FromSeconds(0.5)).TotalSeconds.ToString(CultureInfo.InvariantCulture); // half a second is not counted
}
