namespace VhostUser.Transport.Inventory;

/// <summary>A port of an RDMA device, as ibstat and ibv_devinfo show it, and what keeps links from using it.</summary>
public sealed record IbPort
{
    /// <summary>The device.</summary>
    public required string Device { get; init; }
    /// <summary>The port's number, from 1.</summary>
    public required int Port { get; init; }
    /// <summary>Logical state.</summary>
    public required IbPortState State { get; init; }
    /// <summary>State of the cable.</summary>
    public required IbPhysicalState PhysicalState { get; init; }
    /// <summary>InfiniBand, Ethernet or Unknown.</summary>
    public required string LinkLayer { get; init; }
    /// <summary>What is spoken: InfiniBand, RoCE, iWARP, EFA or OmniPath.</summary>
    public required string Protocol { get; init; }
    /// <summary>Rate, width and speed in the kernel's words, as "100 Gb/sec (4X EDR)".</summary>
    public required string? Rate { get; init; }
    /// <summary>The rate in Gbit/s.</summary>
    public required double? Gigabits { get; init; }
    /// <summary>
    /// The active path MTU in bytes: libfabric's word, else for RoCE what the kernel derives from the interface's MTU; null when unknown.
    /// </summary>
    public required int? Mtu { get; init; }
    /// <summary>The local identifier that the subnet manager gave; 0 outside of InfiniBand.</summary>
    public required int Lid { get; init; }
    /// <summary>The subnet manager's local identifier.</summary>
    public required int SubnetManagerLid { get; init; }
    /// <summary>The number of low bits of the LID that are free for paths (LMC).</summary>
    public required int LidMaskCount { get; init; }
    /// <summary>Capability bits (PortInfo:CapabilityMask).</summary>
    public required uint Capabilities { get; init; }
    /// <summary>The addresses of the port, empty ones left out.</summary>
    public required IbGid[] Gids { get; init; }
    /// <summary>The partition keys in use.</summary>
    public required string[] PartitionKeys { get; init; }
    /// <summary>The network interface that belongs to the port, or null.</summary>
    public required string? NetDevice { get; init; }
    /// <summary>That interface's MTU in bytes.</summary>
    public required int? NetDeviceMtu { get; init; }
    /// <summary>That interface's IP addresses.</summary>
    public required string[] Addresses { get; init; }
    /// <summary>The libfabric providers that drive the port.</summary>
    public required string[] Providers { get; init; }
    /// <summary>Its counters, from both tables.</summary>
    public required IbCounter[] Counters { get; init; }
    /// <summary>Why no link can use the port, each with the remedy; empty when one can.</summary>
    public required string[] Obstacles { get; init; }
    /// <summary>What would make links better, each with what to do.</summary>
    public required string[] Hints { get; init; }

    /// <summary>Whether nothing is known that keeps a link from using the port.</summary>
    public bool Usable => Obstacles.Length == 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Device}/{Port} {State}";
}
