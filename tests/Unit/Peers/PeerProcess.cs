using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VhostUser.Tests.Peers;

/// <summary>A running <see cref="StoppingPeer"/>.</summary>
internal sealed partial class PeerProcess : IDisposable
{
    private const int Sigint = 2, Sigcont = 18, Sigkill = 9;

    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    /// <summary>Whether the kernel shows it as stopped.</summary>
    public bool IsStopped => State == 'T';

    // /proc/PID/stat: the state follows the name in parentheses.
    private char State
    {
        get
        {
            string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
    }

    public static PeerProcess Start(string role, string path = "", string stage = "")
    {
        string? host = Environment.ProcessPath;
        if (Path.GetFileName(host) != "dotnet") host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host!, ["exec", typeof(PeerProcess).Assembly.Location, role, path, stage]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        return new PeerProcess(Process.Start(start)!);
    }

    /// <summary>The next thing it says; null when it has ended.</summary>
    public string? Say() => _process.StandardOutput.ReadLine();

    /// <summary>Waits until it has stopped itself.</summary>
    public bool WaitUntilStopped() => Say() == "stopping" && RawFrontEnd.WaitUntil(() => IsStopped);

    public void Continue() => kill(_process.Id, Sigcont);

    public void Interrupt() => kill(_process.Id, Sigint);

    public void Kill() => kill(_process.Id, Sigkill);

    public void Dispose()
    {
        Kill(); // SIGKILL ends a stopped process, too
        _process.WaitForExit();
        _process.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
