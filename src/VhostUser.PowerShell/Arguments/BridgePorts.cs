using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Makes what -Port and -Tap name ports of a bridge.</summary>
internal static class BridgePorts
{
    /// <summary>Adds a server by name, pattern or handle, or a tap interface that exists.</summary>
    /// <exception cref="VhostException">HandleNotFound when it is neither; TapFailed when the interface is no tap; what adding it says.</exception>
    public static void Add(VhostBridge bridge, ServerArgument port, VhostBridgePortOptions options)
    {
        if (!LiveHandles.Servers.Names.Contains(port.Name, StringComparer.OrdinalIgnoreCase) && IsInterface(port.Name))
        {
            bridge.AddTap(port.Name, options);
            return;
        }
        try
        {
            foreach (VhostServer server in port.ResolveAll()) bridge.AddServer(server, options);
        }
        catch (VhostException error) when (error.Error == VhostError.HandleNotFound)
        {
            throw new VhostException(VhostError.HandleNotFound, $"{error.Message} No interface has that name either.", port.Name,
                "Start a server of that name with Start-VhostServer, or give the name of an interface to -Tap, which makes it.");
        }
    }

    // Of this process's network namespace; /sys shows those of the namespace in which it was mounted.
    private static bool IsInterface(string name) => File.ReadLines("/proc/self/net/dev").Any(line => line.TrimStart().StartsWith(name + ":", StringComparison.Ordinal));
}
