using System.Globalization;
using System.Runtime.InteropServices;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Signals a process group and finds out whether it is still there.</summary>
internal static class ProcessGroup
{
    public const int Interrupt = 2;
    public const int Kill = 9;

    /// <summary>Sends <paramref name="signal"/> to every process of <paramref name="group"/>; nothing happens if there is none.</summary>
    public static void Signal(int group, int signal) => _ = NativeKill(-group, signal);

    /// <summary>Whether a process of <paramref name="group"/> lives; the dead who wait for a parent (zombies) do not count.</summary>
    public static bool IsAlive(int group)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out _)) continue;
            try
            {
                // proc(5): pid (name) state parent group …; the name may have spaces and brackets of its own.
                var stat = File.ReadAllText($"{folder}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is not ("Z" or "X") && fields[2] == group.ToString(CultureInfo.InvariantCulture)) return true;
            }
            catch (IOException)
            {
                // Gone between listing and reading.
            }
        }
        return false;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int NativeKill(int processId, int signal);
}
