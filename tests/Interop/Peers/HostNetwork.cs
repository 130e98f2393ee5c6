using System.Diagnostics;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A network namespace of a test's own, to which interfaces are moved and in which programs run; <see cref="HostLink"/> joins two.</summary>
public sealed class HostNetwork : IDisposable
{
    private static int s_count;

    private readonly string _name = $"vu{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
    private bool _hasBridge;

    /// <summary>Makes the namespace.</summary>
    public HostNetwork()
    {
        Ip("netns", "add", _name);
        Ip("-n", _name, "link", "set", "lo", "up");
    }

    /// <summary>Returns a name for a tap interface that no other test of this machine uses.</summary>
    public static string NewTapName() => $"vut{Environment.ProcessId % 100_000}-{Interlocked.Increment(ref s_count) % 1000}";

    /// <summary>Takes an interface in, and switches it on with an address ("198.18.0.1/24").</summary>
    public void Attach(string tap, string address)
    {
        Ip("link", "set", tap, "netns", _name);
        Ip("-n", _name, "addr", "add", address, "dev", tap);
        Ip("-n", _name, "link", "set", tap, "up");
    }

    /// <summary>Takes interfaces in and joins them, and those of earlier calls, with a bridge of the kernel's, which passes their packets on.</summary>
    public void Bridge(params string[] taps)
    {
        if (!_hasBridge)
        {
            Ip("-n", _name, "link", "add", "bridge", "type", "bridge");
            Ip("-n", _name, "link", "set", "bridge", "up");
            _hasBridge = true;
        }
        foreach (string tap in taps)
        {
            Ip("link", "set", tap, "netns", _name);
            Ip("-n", _name, "link", "set", tap, "master", "bridge");
            Ip("-n", _name, "link", "set", tap, "up");
        }
    }

    /// <summary>Starts a program in the namespace.</summary>
    public PeerProgram Start(TimeSpan lifetime, string program, params string[] arguments) =>
        PeerProgram.Start("ip", ["netns", "exec", _name, program, .. arguments], lifetime);

    /// <summary>Runs a shell command in the namespace and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">Its status is not 0, or it did not end in time.</exception>
    public string Run(string command, TimeSpan? bound = null) =>
        Execute((int)(bound ?? TimeSpan.FromSeconds(20)).TotalSeconds, "ip", "netns", "exec", _name, "sh", "-c", command);

    /// <summary>Removes an interface, with its peer if it has one; nothing happens when it has gone already.</summary>
    public void Remove(string name) => Run($"ip link del {name} 2> /dev/null || true");

    /// <summary>Removes the namespace with all that was moved into it.</summary>
    public void Dispose() => Ip("netns", "del", _name);

    /// <summary>Runs ip(8).</summary>
    internal static void Ip(params string[] arguments) => Execute(10, "ip", arguments);

    private static string Execute(int seconds, string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("timeout", [$"{seconds}", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with status {process.ExitCode}: {output}{errors.Result}");
    }
}
