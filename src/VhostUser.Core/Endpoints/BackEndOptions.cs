using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What a back-end offers; fixed for the life of its server, so that a front-end finds the same after a reconnect.</summary>
internal sealed record BackEndOptions
{
    /// <summary>Memory slots offered with CONFIGURE_MEM_SLOTS, as many as libvhost-user and rust-vmm.</summary>
    public const int MaxMemorySlots = 509;

    public const VirtioFeatures DefaultFeatures =
        VirtioFeatures.MrgRxbuf | VirtioFeatures.AnyLayout | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx | VirtioFeatures.ProtocolFeatures
        | VirtioFeatures.Version1 | VirtioFeatures.InOrder | VirtioFeatures.OrderPlatform | VirtioFeatures.RingPacked | VirtioFeatures.RingReset
        | VirtioFeatures.NotifyOnEmpty | VirtioFeatures.LogAll;

    public const ProtocolFeatures DefaultProtocolFeatures =
        ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.Status
        | ProtocolFeatures.ResetDevice
        | ProtocolFeatures.LogShmfd | ProtocolFeatures.InflightShmfd | ProtocolFeatures.GetVringBaseInflight
        | ProtocolFeatures.GetVringBaseSkipDrain | ProtocolFeatures.Rarp | ProtocolFeatures.Mtu | ProtocolFeatures.DeviceState;

    public int QueuePairs { get; init; } = 1;

    public VirtioFeatures Features { get; init; } = DefaultFeatures;

    public ProtocolFeatures ProtocolFeatures { get; init; } = DefaultProtocolFeatures;

    /// <summary>The peer's known deviations from the specification.</summary>
    public PeerProfile Profile { get; init; }

    /// <summary>The device's configuration space for GET_CONFIG; empty when CONFIG is not offered.</summary>
    public ReadOnlyMemory<byte> ConfigSpace { get; init; }
}
