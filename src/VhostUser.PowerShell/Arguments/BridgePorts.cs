using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Makes what -Port and -Tap name ports of a bridge.</summary>
internal static class BridgePorts
{
    /// <summary>Adds a server by name, pattern or handle, or a tap interface that exists.</summary>
    /// <exception cref="VhostException">HandleNotFound when it is neither; what adding it says.</exception>
    public static void Add(VhostBridge bridge, ServerArgument port, VhostBridgePortOptions options)
    {
        if (!LiveHandles.Servers.Names.Contains(port.Name, StringComparer.OrdinalIgnoreCase) && IsTap(port.Name))
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
            if (IsInterface(port.Name))
                throw new VhostException(VhostError.TapFailed, $"There is no server named '{port.Name}', and the interface of that name is no tap, so nothing can be a port through it.", port.Name,
                    "Make a tap interface and join both with a bridge of the kernel: ip tuntap add tap0 mode tap; ip link set tap0 master …");
            throw new VhostException(VhostError.HandleNotFound, $"{error.Message} No tap interface has that name either.", port.Name,
                "Start a server of that name with Start-VhostServer, or give the name of an interface to -Tap, which makes it.");
        }
    }

    // Only a tun or tap interface has this file.
    private static bool IsTap(string name) => IsInterface(name) && File.Exists($"/sys/class/net/{name}/tun_flags");

    private static bool IsInterface(string name) => !name.Contains('/', StringComparison.Ordinal) && Directory.Exists($"/sys/class/net/{name}");
}
