using VhostUser.Protocol;
using P = VhostUser.Protocol.ProtocolFeatures;
using V = VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Endpoints;

/// <summary>What one end can do and what it can't do without.</summary>
public sealed record FeatureProfile
{
    /// <summary>Who it is.</summary>
    public required string Name { get; init; }

    /// <summary>Virtio features it offers or would acknowledge.</summary>
    public VirtioFeatures Features { get; init; }

    /// <summary>Virtio features without which it does not work.</summary>
    public VirtioFeatures NeededFeatures { get; init; }

    /// <summary>Protocol features it offers or would acknowledge.</summary>
    public ProtocolFeatures ProtocolFeatures { get; init; }

    /// <summary>Protocol features without which it does not work.</summary>
    public ProtocolFeatures NeededProtocolFeatures { get; init; }

    private const V Rings = V.ProtocolFeatures | V.IndirectDesc | V.EventIdx;
    private const V Offloads = V.Csum | V.GuestCsum | V.GuestTso4 | V.GuestTso6 | V.GuestEcn | V.GuestUfo | V.HostTso4 | V.HostTso6 | V.HostEcn | V.HostUfo;

    /// <summary>Programs that are known, as network devices: read from their sources, so a build of them may have less.</summary>
    public static IReadOnlyList<FeatureProfile> Known { get; } =
    [
        new()
        {
            Name = "Qemu",
            Features = Rings | Offloads | V.MrgRxbuf | V.Version1 | V.RingPacked | V.AnyLayout | V.NotifyOnEmpty | V.LogAll | V.Mq | V.CtrlVq | V.Mtu | V.AccessPlatform | V.RingReset | V.HashReport | V.Rss | V.GuestAnnounce | V.Status,
            ProtocolFeatures = (P)0x7FFFFF & ~(P.InbandNotifications | P.XenMmap),
        },
        new()
        {
            Name = "VirtioUser",
            Features = V.ProtocolFeatures | V.IndirectDesc | Offloads & ~(V.GuestUfo | V.HostUfo) | V.MrgRxbuf | V.Version1 | V.RingPacked | V.AnyLayout | V.InOrder | V.OrderPlatform | V.Mq | V.CtrlVq | V.NotificationData,
            ProtocolFeatures = P.Mq | P.ReplyAck | P.Status,
        },
        new()
        {
            Name = "LibvhostUser",
            Features = Rings | V.MrgRxbuf | V.Version1 | V.NotifyOnEmpty | V.LogAll,
            NeededFeatures = V.Version1,
            ProtocolFeatures = P.Mq | P.LogShmfd | P.ReplyAck | P.BackendReq | P.BackendSendFd | P.HostNotifier | P.Pagefault | P.Config | P.InflightShmfd | P.InbandNotifications | P.ConfigureMemSlots | P.SharedObject | P.Shmem,
        },
        new()
        {
            Name = "Dpdk",
            Features = Rings | Offloads | V.MrgRxbuf | V.Version1 | V.RingPacked | V.AnyLayout | V.InOrder | V.LogAll | V.Mq | V.Mtu | V.AccessPlatform | V.GuestAnnounce | V.CtrlVq,
            ProtocolFeatures = P.Mq | P.LogShmfd | P.Rarp | P.ReplyAck | P.Mtu | P.BackendReq | P.BackendSendFd | P.HostNotifier | P.CryptoSession | P.InflightShmfd | P.Pagefault | P.Status | P.ConfigureMemSlots,
        },
        new()
        {
            Name = "RustVmm",
            Features = Rings | V.Version1 | V.MrgRxbuf | V.LogAll,
            ProtocolFeatures = P.Mq | P.LogShmfd | P.ReplyAck | P.BackendReq | P.BackendSendFd | P.Config | P.ResetDevice | P.ConfigureMemSlots | P.SharedObject | P.DeviceState | P.Shmem | P.Pagefault,
        },
        new()
        {
            Name = "Passt",
            Features = V.ProtocolFeatures | V.EventIdx | V.MrgRxbuf | V.Version1 | V.LogAll,
            NeededFeatures = V.Version1,
            ProtocolFeatures = P.ReplyAck | P.LogShmfd | P.DeviceState | P.Rarp,
        },
        new() { Name = "Snabb", Features = V.AnyLayout | V.IndirectDesc | V.MrgRxbuf | V.Csum | V.Mq | V.ProtocolFeatures },
        new() { Name = "Vapp" },
    ];

    /// <summary>What a live server offers.</summary>
    public static FeatureProfile Of(VhostServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.OfferProfile;
    }

    /// <summary>What a live client would use, and what it was told to demand.</summary>
    public static FeatureProfile Of(VhostClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.WishProfile;
    }

    /// <summary>A known program by name, whatever the case of its letters; null for another.</summary>
    public static FeatureProfile? Find(string name) => Known.FirstOrDefault(profile => string.Equals(profile.Name, name, StringComparison.OrdinalIgnoreCase));
}
