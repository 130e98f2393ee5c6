using VhostUser.Endpoints;
using VhostUser.LabFiles;
using VhostUser.Memory;

namespace VhostUser.Handles;

/// <summary>All live handles of this process: file descriptors and memory belong to the process, so the tables do too.</summary>
internal static class LiveHandles
{
    /// <summary>Shared regions.</summary>
    public static HandleTable<SharedRegion> Regions { get; } =
        new("shared region", "New-VhostSharedRegion", "Remove-VhostSharedRegion", region => region.IsDisposed, region => region.Dispose());

    /// <summary>Back-ends.</summary>
    public static HandleTable<VhostServer> Servers { get; } =
        new("server", "Start-VhostServer", "Stop-VhostServer", server => server.State == EndpointState.Stopped, ServerScripts.Stop);

    /// <summary>Front-ends.</summary>
    public static HandleTable<VhostClient> Clients { get; } =
        new("client", "Connect-VhostClient", "Disconnect-VhostClient", client => client.State == EndpointState.Stopped, client => client.Dispose());

    /// <summary>Bridges.</summary>
    public static HandleTable<VhostBridge> Bridges { get; } =
        new("bridge", "New-VhostBridge", "Remove-VhostBridge", bridge => bridge.IsDisposed, bridge => bridge.Dispose());

    /// <summary>Labs; what they made is in the other tables too.</summary>
    public static HandleTable<RunningLab> Labs { get; } = new("lab", "Start-VhostLab", "Stop-VhostLab", lab => lab.IsGone, lab => lab.Close());

    /// <summary>Captures.</summary>
    public static HandleTable<VhostCapture> Captures { get; } =
        new("capture", "Start-VringCapture", "Stop-VringCapture", capture => capture.IsDisposed, capture => capture.Dispose());

    /// <summary>Closes everything, users before what they use.</summary>
    public static void CloseAll()
    {
        Captures.CloseAll();
        Clients.CloseAll();
        Bridges.CloseAll();
        Servers.CloseAll();
        Regions.CloseAll();
    }
}
