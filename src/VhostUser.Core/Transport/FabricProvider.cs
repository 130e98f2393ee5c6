namespace VhostUser.Transport;

/// <summary>The fabrics that a link can go over.</summary>
public enum LinkProvider
{
    /// <summary>The best that both ends have: Verbs, Efa, or Tcp.</summary>
    Auto,
    /// <summary>InfiniBand, RoCE or iWARP (provider verbs).</summary>
    Verbs,
    /// <summary>Amazon's Elastic Fabric Adapter (provider efa).</summary>
    Efa,
    /// <summary>TCP sockets (provider tcp): needs no hardware.</summary>
    Tcp,
    /// <summary>Shared memory between two processes of one host (provider shm).</summary>
    Shm,
}

/// <summary>How packets cross a link.</summary>
public enum LinkMode
{
    /// <summary>The usual mode of the provider: Bundle, but Direct on Verbs where both guests can.</summary>
    Auto,
    /// <summary>Many packets in one frame, copied once at each end.</summary>
    Bundle,
    /// <summary>One message per packet, from guest memory into guest memory, without a copy here.</summary>
    Direct,
}

/// <summary>What is to know about a provider of libfabric.</summary>
/// <param name="Provider">Which.</param>
/// <param name="Name">Its name in libfabric.</param>
/// <param name="HasConnections">Whether its endpoints are connected (FI_EP_MSG) or know addresses only (FI_EP_RDM).</param>
/// <param name="FillBytes">Bytes at which a frame is full: a copy more costs less than a message more, up to here.</param>
/// <param name="CanWait">Whether its queues have a descriptor to wait for.</param>
internal sealed record FabricProvider(LinkProvider Provider, string Name, bool HasConnections, int FillBytes, bool CanWait)
{
    private static readonly FabricProvider[] s_all =
    [
        new(LinkProvider.Verbs, "verbs", HasConnections: true, 16 << 10, CanWait: true),
        new(LinkProvider.Efa, "efa", HasConnections: false, 16 << 10, CanWait: false),
        new(LinkProvider.Tcp, "tcp", HasConnections: true, 64 << 10, CanWait: true),
        new(LinkProvider.Shm, "shm", HasConnections: false, 64 << 10, CanWait: false),
    ];

    public static FabricProvider Of(LinkProvider provider) => Array.Find(s_all, row => row.Provider == provider) ?? throw new ArgumentOutOfRangeException(nameof(provider));
}
