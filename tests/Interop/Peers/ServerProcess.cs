using System.Globalization;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A server of ours in a process of its own, which can be killed: it answers ARP and pings.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);

    private ServerProcess(PeerProgram program) => Program = program;

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts the server and waits until it listens, or tries to connect.</summary>
    public static ServerProcess Start(string socket, string address, bool connect)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "VhostUser.Tests.ServerProcess");
        ServerProcess server = new(PeerProgram.Start(program, [socket, address, .. connect ? ["connect"] : Array.Empty<string>()], TimeSpan.FromMinutes(5)));
        try
        {
            server.Program.WaitForLine("^started$", s_bound);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Waits until a hundred packets have come; returns how long the first took from the start, and from the peer's connection.</summary>
    public (TimeSpan FromStart, TimeSpan FromConnection) WaitForTraffic()
    {
        try
        {
            Match match = Program.WaitForLine("^traffic (\\d+) ms after the start, (\\d+) ms", s_bound);
            Program.WaitForLine("^steady$", s_bound);
            return (Milliseconds(match.Groups[1]), Milliseconds(match.Groups[2]));
        }
        catch (InvalidOperationException)
        {
            // With the state of the rings, the exception tells what is stuck.
            int from = Program.LineCount;
            Program.Send("state");
            Program.WaitForLine("^ring 1", s_bound, from);
            throw Program.Failure("saw no traffic");
        }
    }

    /// <summary>Ends the server in order.</summary>
    public void Dispose() => Program.Dispose();

    private static TimeSpan Milliseconds(Group group) => TimeSpan.FromMilliseconds(long.Parse(group.Value, CultureInfo.InvariantCulture));
}
