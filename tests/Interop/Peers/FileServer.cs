namespace VhostUser.Tests.Interop.Peers;

/// <summary>A virtiofsd that offers a folder as a vhost-user-fs device, for one session: it ends with its front-end.</summary>
internal sealed class FileServer : IDisposable
{
    private FileServer(PeerProgram program) => Program = program;

    /// <summary>Gets why it can't run here, with the remedy, or null when it can.</summary>
    public static string? WhyImpossible => Programs.WhyMissing(Programs.FileServer) ?? (Environment.IsPrivilegedProcess ? null : "virtiofsd needs root");

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts it and waits until it listens.</summary>
    public static FileServer Start(string socket, string folder)
    {
        FileServer server = new(PeerProgram.Start(Programs.FileServer, [$"--socket-path={socket}", "-o", $"source={folder}", "-o", "sandbox=chroot", "-o", "cache=none"], TimeSpan.FromMinutes(1)));
        try
        {
            server.Program.WaitForLine("Waiting for vhost-user socket connection", TimeSpan.FromSeconds(10));
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Ends it if it still runs.</summary>
    public void Dispose() => Program.Dispose();
}

/// <summary>A theory that runs virtiofsd, and is reported as skipped, with the remedy, where that is impossible.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FileServerTheoryAttribute : Xunit.TheoryAttribute
{
    /// <summary>Looks for the program and the rights that it needs.</summary>
    public FileServerTheoryAttribute() => Skip = FileServer.WhyImpossible;
}
