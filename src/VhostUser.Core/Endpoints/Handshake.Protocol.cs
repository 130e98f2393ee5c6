using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Which protocol features a front-end uses, and what follows from them for rings.</summary>
internal sealed partial class Handshake
{
    private const ProtocolFeatures ForChannel = ProtocolFeatures.BackendSendFd | ProtocolFeatures.HostNotifier | ProtocolFeatures.Shmem
        | ProtocolFeatures.SharedObject | ProtocolFeatures.InbandNotifications;

    /// <summary>What the back-end offers; nothing before it was asked.</summary>
    public ProtocolFeatures OfferedProtocol { get; private set; }

    /// <summary>What a client with these options would use and what it demands, whatever the back-end.</summary>
    public static FeatureProfile WishOf(VhostClientOptions options) => new()
    {
        Name = options.Name,
        Features = ((options.Device == ClientDevice.Other ? Wanted & RingFeaturesMask : Wanted) | options.RequireFeatures | (options.QueuePairs > 1 ? VirtioFeatures.Mq : 0)) & ~options.ExcludeFeatures,
        NeededFeatures = options.RequireFeatures,
        ProtocolFeatures = (WantedProtocol | options.RequireProtocolFeatures) & ~options.ExcludeProtocolFeatures,
        NeededProtocolFeatures = options.RequireProtocolFeatures,
    };

    private bool UsesGuestAddresses => (ProtocolFeatures & ProtocolFeatures.GpaAddresses) != 0;

    private ProtocolFeatures ChooseProtocol()
    {
        ProtocolFeatures required = options.RequireProtocolFeatures | (options.PostcopySource is null ? 0 : ProtocolFeatures.Pagefault);
        ProtocolFeatures missing = required & ~OfferedProtocol;
        if (missing != 0)
            throw new VhostException(VhostError.FeatureMissing, $"The back-end does not offer {string.Join(", ", FeatureNames.Of(missing))}; it offers {string.Join(", ", FeatureNames.Of(OfferedProtocol))}.", "GET_PROTOCOL_FEATURES",
                "Leave the feature out of -ProtocolFeature, or let the back-end offer it.");
        // Records of chains in flight cost the back-end time, and help only a front-end that outlives it.
        ProtocolFeatures lasting = options.Reconnect ? ProtocolFeatures.InflightShmfd : 0;
        ProtocolFeatures chosen = OfferedProtocol & (WantedProtocol | lasting | required) & ~options.ExcludeProtocolFeatures;
        // vhost-user, CONFIGURE_MEM_SLOTS: post-copy is not defined together with it.
        if ((required & ProtocolFeatures.Pagefault) != 0) chosen &= ~ProtocolFeatures.ConfigureMemSlots;
        // Nothing on the channel without the channel, and without REPLY_ACK its failures would go unseen.
        const ProtocolFeatures Channel = ProtocolFeatures.BackendReq | ProtocolFeatures.ReplyAck;
        if ((chosen & Channel) != Channel)
        {
            if ((chosen & ProtocolFeatures.InbandNotifications) != 0)
                throw new VhostException(VhostError.FeatureMissing, $"INBAND_NOTIFICATIONS needs {string.Join(", ", FeatureNames.Of(Channel & ~chosen))}, which is not used.", "SET_PROTOCOL_FEATURES", "Leave InbandNotifications out of -ProtocolFeature, or let the two be used: they must be offered and not excluded.");
            chosen &= ~(ForChannel | ProtocolFeatures.BackendReq);
        }
        if ((chosen & ProtocolFeatures.BackendSendFd) == 0) chosen &= ~(ProtocolFeatures.HostNotifier | ProtocolFeatures.Shmem);
        return chosen;
    }

    private IEnumerable<string> ExplainRefusedProtocol() =>
    [
        .. FeatureNames.Of(WantedProtocol & ~OfferedProtocol & ~ForChannel).Select(name => $"{name} (protocol): not offered by the back-end"),
        .. FeatureNames.Of(OfferedProtocol & options.ExcludeProtocolFeatures).Select(name => $"{name} (protocol): excluded here"),
        .. FeatureNames.Of(OfferedProtocol & ~ProtocolFeatures & ~options.ExcludeProtocolFeatures).Select(name => $"{name} (protocol): not used by this front-end"),
    ];

    private void SetCall(DriverRing ring, CancellationToken cancel) => SetNotification(FrontEndRequest.SetVringCall, ring, ring.CallFd.Number, cancel);

    private void SetKick(DriverRing ring, CancellationToken cancel) => SetNotification(FrontEndRequest.SetVringKick, ring, ring.KickFd.Number, cancel);

    /// <summary>Where calls or kicks go: a descriptor, or messages when they travel in-band (bit 8 and no descriptor).</summary>
    private void SetNotification(FrontEndRequest request, DriverRing ring, int fd, CancellationToken cancel)
    {
        bool inband = (ProtocolFeatures & ProtocolFeatures.InbandNotifications) != 0;
        frontEnd.Set(request, (uint)ring.Index | (inband ? VringFdPayload.NoFdFlag : 0), cancel, inband ? [] : [fd]);
    }
}
