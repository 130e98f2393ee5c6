namespace VhostUser.Tests.Interop.Peers;

/// <summary>How to start a <see cref="QemuGuest"/>.</summary>
public sealed record QemuOptions
{
    /// <summary>Gets the path of the vhost-user socket of the guest's network device, or null for a guest without one.</summary>
    public string? Socket { get; init; }

    /// <summary>Gets whether QEMU listens on the socket; it starts the machine when a back-end has connected.</summary>
    public bool Listen { get; init; }

    /// <summary>Gets the seconds after which QEMU, as the connecting side, tries again when the back-end has gone; 0 for never.</summary>
    public int Reconnect { get; init; }

    /// <summary>Gets properties of the virtio-net-pci device, as "packed=on,mrg_rxbuf=off".</summary>
    public string Device { get; init; } = "";

    /// <summary>Gets the number of queue pairs, for which the guest needs as many processors to use them.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Gets the number of processors; by default one per queue pair.</summary>
    public int? Processors { get; init; }

    /// <summary>Gets the guest's memory in MiB; a few KiB are added (see <see cref="QemuGuest"/>).</summary>
    public int MemoryMegabytes { get; init; } = 256;

    /// <summary>Gets the address of the guest's network device.</summary>
    public string MacAddress { get; init; } = "52:54:00:00:00:01";

    /// <summary>Gets where a migration comes from ("unix:PATH"), or null for a guest that boots.</summary>
    public string? Incoming { get; init; }

    /// <summary>Gets what the guest boots into.</summary>
    public GuestImage Image { get; init; } = new();

    /// <summary>Gets more arguments for QEMU.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Gets after which time QEMU is ended whatever happens.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(3);
}
