namespace VhostUser.Transport.Inventory;

/// <summary>A device as one libfabric provider sees it (fi_info's nic).</summary>
internal sealed record FabricDevice
{
    /// <summary>The provider, as "verbs".</summary>
    public required string Provider { get; init; }
    /// <summary>The RDMA subsystem's name of the device.</summary>
    public required string Device { get; init; }
    /// <summary>Path MTU in bytes; 0 when not told.</summary>
    public required int Mtu { get; init; }
}
