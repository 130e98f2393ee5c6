namespace VhostUser.Tests.Interop.Peers;

/// <summary>A run of vapp, and the shared memory files it leaves behind when it does not end in order.</summary>
public sealed class Vapp : IDisposable
{
    private static readonly string[] s_files = ["/dev/shm/vhost.sock0", "/dev/shm/vhost.sock1"];

    private readonly string[] _created;

    private Vapp(string variable, string role, string socket)
    {
        _created = [.. s_files.Where(file => !File.Exists(file))];
        Program = PeerProgram.Start(Environment.GetEnvironmentVariable(variable)!, [role, socket], TimeSpan.FromSeconds(60));
    }

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts vapp as a client of the server at <paramref name="socket"/>: it sends one ARP request after another.</summary>
    public static Vapp Client(string socket, string variable = VappFactAttribute.Program) => new(variable, "-q", socket);

    /// <summary>Starts vapp as a server that listens on <paramref name="socket"/>: it returns the last packet of each burst.</summary>
    public static Vapp Server(string socket, string variable = VappFactAttribute.Program) => new(variable, "-s", socket);

    /// <summary>Ends the program and removes the files that this run made.</summary>
    public void Dispose()
    {
        Program.Dispose();
        foreach (string file in _created) File.Delete(file);
    }
}
