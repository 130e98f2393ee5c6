using System.Runtime.CompilerServices;
using VhostUser.Endpoints;

namespace VhostUser.Handles;

/// <summary>The packet scripts of servers in mode Script: a script that hangs must be interrupted before its server can stop.</summary>
internal static class ServerScripts
{
    private static readonly ConditionalWeakTable<VhostServer, IDisposable> s_scripts = [];

    /// <summary>Notes the script of a server.</summary>
    public static void Attach(VhostServer server, IDisposable script) => s_scripts.Add(server, script);

    /// <summary>Interrupts the server's script, if it has one, and stops the server.</summary>
    public static void Stop(VhostServer server)
    {
        if (s_scripts.TryGetValue(server, out IDisposable? script)) script.Dispose();
        server.Dispose();
    }
}
