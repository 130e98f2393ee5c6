using VhostUser.Devices.Net.Capturing;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What a back-end offers; fixed for the life of its server, so that a front-end finds the same after a reconnect.</summary>
internal sealed record BackEndOptions
{
    /// <summary>Memory slots offered with CONFIGURE_MEM_SLOTS, as many as libvhost-user and rust-vmm.</summary>
    public const int MaxMemorySlots = 509;

    /// <summary>Checksums and cutting left to the device, and what a guest may be left with: every mode honours them.</summary>
    public const VirtioFeatures Offloads =
        VirtioFeatures.Csum | VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6 | VirtioFeatures.HostEcn | VirtioFeatures.HostUfo | VirtioFeatures.HostUso
        | VirtioFeatures.GuestCsum | VirtioFeatures.GuestTso4 | VirtioFeatures.GuestTso6 | VirtioFeatures.GuestEcn | VirtioFeatures.GuestUfo
        | VirtioFeatures.GuestUso4 | VirtioFeatures.GuestUso6 | VirtioFeatures.GuestHdrLen;

    /// <summary>
    /// What comes with a control queue. Front-ends that know vhost-user's ways keep that queue to themselves, so it is offered on
    /// demand only. MQ is not among them: vhost-user has SET_VRING_ENABLE for it.
    /// </summary>
    public const VirtioFeatures ControlFeatures =
        VirtioFeatures.CtrlVq | VirtioFeatures.CtrlRx | VirtioFeatures.CtrlRxExtra | VirtioFeatures.CtrlVlan | VirtioFeatures.CtrlMacAddr
        | VirtioFeatures.CtrlGuestOffloads | VirtioFeatures.GuestAnnounce | VirtioFeatures.HashReport;

    public const VirtioFeatures DefaultFeatures = Offloads |
        VirtioFeatures.MrgRxbuf | VirtioFeatures.AnyLayout | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx | VirtioFeatures.ProtocolFeatures
        | VirtioFeatures.Version1 | VirtioFeatures.InOrder | VirtioFeatures.OrderPlatform | VirtioFeatures.RingPacked | VirtioFeatures.RingReset
        | VirtioFeatures.NotifyOnEmpty | VirtioFeatures.LogAll;

    public const ProtocolFeatures DefaultProtocolFeatures =
        ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.Status
        | ProtocolFeatures.ResetDevice | ProtocolFeatures.LogShmfd | ProtocolFeatures.InflightShmfd | ProtocolFeatures.GetVringBaseInflight
        | ProtocolFeatures.GetVringBaseSkipDrain | ProtocolFeatures.Rarp | ProtocolFeatures.Mtu | ProtocolFeatures.DeviceState
        | ProtocolFeatures.BackendReq | ProtocolFeatures.BackendSendFd | ProtocolFeatures.InbandNotifications | ProtocolFeatures.SharedObject;

    /// <summary>What a server can offer besides when it is told to.</summary>
    public const VirtioFeatures OptionalFeatures = VirtioFeatures.AccessPlatform;

    public const ProtocolFeatures OptionalProtocolFeatures = ProtocolFeatures.GpaAddresses | ProtocolFeatures.HostNotifier | ProtocolFeatures.Pagefault | ProtocolFeatures.XenMmap;

    public int QueuePairs { get; init; } = 1;

    /// <summary>Rings: two for each pair, and the control ring where that is offered (virtio 1.3 §5.1.2).</summary>
    public int RingCount => 2 * QueuePairs + ((Features & VirtioFeatures.CtrlVq) != 0 ? 1 : 0);

    public VirtioFeatures Features { get; init; } = DefaultFeatures;

    public ProtocolFeatures ProtocolFeatures { get; init; } = DefaultProtocolFeatures;

    /// <summary>The peer's known deviations from the specification.</summary>
    public PeerProfile Profile { get; init; }

    /// <summary>The device's configuration space for GET_CONFIG; empty when CONFIG is not offered.</summary>
    public ReadOnlyMemory<byte> ConfigSpace { get; init; }

    /// <summary>Whose numbers of protocol features the peer uses.</summary>
    public ProtocolDialect Dialect { get; init; }

    /// <summary>Objects that SHARED_OBJECT messages are about; the server's, and the same for all its sessions.</summary>
    public SharedObjectStore SharedObjects { get; init; } = new();

    /// <summary>Where packets are captured; the server's, and the same for all its sessions.</summary>
    public CaptureTap Capture { get; init; } = new();

    /// <summary>Sizes in bytes of the device's shared memory regions by id; SHMEM is offered when there is one.</summary>
    public IReadOnlyList<long> SharedMemorySizes { get; init; } = [];
}
