using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>Whether this process may bind a thread to a core.</summary>
internal static class CoreChoice
{
    private const string Online = "/sys/devices/system/cpu/online";

    /// <summary>Tries it on a thread that ends at once: the kernel alone knows what cpusets leave of the machine.</summary>
    /// <exception cref="VhostException">InvalidArgument, with the cores there are.</exception>
    public static void Check(string name, int core)
    {
        bool possible = false;
        var probe = new Thread(() => possible = TryPin(core)) { IsBackground = true };
        probe.Start();
        probe.Join();
        if (possible) return;
        string cores = File.Exists(Online) ? File.ReadAllText(Online).Trim() : $"0-{Environment.ProcessorCount - 1}";
        throw new VhostException(VhostError.InvalidArgument, $"Server '{name}': its thread can't be bound to core {core}; this machine has {cores}.", name,
            "Choose one of these cores, or leave -Core out; a container may have fewer (taskset -p $PID).");
    }

    private static bool TryPin(int core)
    {
        try
        {
            Libc.PinThread(core);
            return true;
        }
        catch (Exception error) when (error is LinuxException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }
}
