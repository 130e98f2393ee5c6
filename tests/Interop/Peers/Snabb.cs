namespace VhostUser.Tests.Interop.Peers;

/// <summary>A run of Snabb whose one app, VhostUser, gets back what it puts out: a back-end that returns every packet.</summary>
/// <remarks>While Snabb listens, its accept() holds its whole engine until a front-end has come. It looks at its socket twice a second.</remarks>
public sealed class Snabb : IDisposable
{
    /// <summary>Environment variable with the path of the program.</summary>
    public const string Variable = "SNABB";

    private const string Loop = """
        local config = require("core.config")
        local vhost = require("apps.vhost.vhost_user")
        local network = config.new()
        config.app(network, "vhost", vhost.VhostUser, {
           socket_path = main.parameters[1], is_server = main.parameters[2] == "listen", disable_mrg_rxbuf = main.parameters[3] == "small",
        })
        config.link(network, "vhost.tx -> vhost.rx")
        engine.configure(network)
        print("configured")
        io.flush()
        engine.main({ no_report = true })
        """;

    private readonly string _socket;

    private Snabb(PeerProgram program, string socket)
    {
        Program = program;
        _socket = socket;
    }

    /// <summary>Gets why Snabb can't be run here, with the remedy, or null when it can.</summary>
    public static string? WhyMissing => GivenProgram.WhyMissing(Variable, $"build snabbco/snabb (make) and set {Variable} to the path of its program, src/snabb")
        ?? (Environment.IsPrivilegedProcess ? Hugepages.Ensure(64) : "Snabb needs root");

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts Snabb on the folder's socket and waits until its app is there.</summary>
    public static Snabb Start(SocketFolder folder, bool listen, bool mergeable, TimeSpan lifetime)
    {
        string script = folder.File("loop.lua");
        File.WriteAllText(script, Loop);
        Snabb snabb = new(PeerProgram.Start(Environment.GetEnvironmentVariable(Variable)!,
            ["snsh", script, folder.Socket, listen ? "listen" : "connect", mergeable ? "merge" : "small"], lifetime), folder.Socket);
        try
        {
            snabb.Program.WaitForLine("^configured$", TimeSpan.FromSeconds(20));
            return snabb;
        }
        catch
        {
            snabb.Dispose();
            throw;
        }
    }

    /// <summary>Ends the program, and removes the file in which Snabb keeps a socket's features (trap T-66).</summary>
    public void Dispose()
    {
        Program.Dispose();
        File.Delete("/tmp/vhost_features_" + _socket.Replace("/", "__", StringComparison.Ordinal));
    }
}
