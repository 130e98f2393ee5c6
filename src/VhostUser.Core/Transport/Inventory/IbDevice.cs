namespace VhostUser.Transport.Inventory;

/// <summary>An RDMA device of this machine, as ibv_devinfo and fi_info show it.</summary>
public sealed record IbDevice
{
    /// <summary>The RDMA subsystem's name, as mlx5_0.</summary>
    public required string Name { get; init; }
    /// <summary>CA (InfiniBand and RoCE), RNIC (iWARP), usNIC, switch, router or unspecified.</summary>
    public required string NodeType { get; init; }
    /// <summary>The kernel driver of the hardware, or rdma_rxe or siw.</summary>
    public required string? Driver { get; init; }
    /// <summary>Firmware version.</summary>
    public required string? Firmware { get; init; }
    /// <summary>Hardware revision, as the driver writes it.</summary>
    public required string? HardwareRevision { get; init; }
    /// <summary>The maker's name for the model.</summary>
    public required string? Model { get; init; }
    /// <summary>The maker's number for the board (PSID).</summary>
    public required string? BoardId { get; init; }
    /// <summary>The node's globally unique identifier.</summary>
    public required string NodeGuid { get; init; }
    /// <summary>The identifier that all devices of one chip share.</summary>
    public required string? SystemImageGuid { get; init; }
    /// <summary>The description that fabric tools show.</summary>
    public required string? Description { get; init; }
    /// <summary>PCI address, or null for a device made of software.</summary>
    public required string? PciAddress { get; init; }
    /// <summary>PCI vendor and device number, as 15b3:101b.</summary>
    public required string? PciId { get; init; }
    /// <summary>The memory node that it is next to, or null.</summary>
    public required int? NumaNode { get; init; }
    /// <summary>The libfabric providers that drive it.</summary>
    public required string[] Providers { get; init; }
    /// <summary>Its ports.</summary>
    public required IbPort[] Ports { get; init; }
    /// <summary>Its counters, those of its ports included.</summary>
    public required IbCounter[] Counters { get; init; }

    /// <summary>Whether a link can use one of its ports.</summary>
    public bool Usable => Ports.Any(port => port.Usable);
}
