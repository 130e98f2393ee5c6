using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// The messages of a front-end from SET_OWNER to running rings, in an order that every known back-end accepts: owner once and
/// first, features before memory, memory before rings (rust-vmm, Snabb), all sizes before the first address (SPDK), a call
/// descriptor for every ring (DPDK starts none without), all addresses before the first kick descriptor (from which on Snabb polls
/// all rings), nothing enabled before all is set up, and the kicks last.
/// </summary>
internal sealed partial class Handshake(FrontEnd frontEnd, VhostClientOptions options)
{
    /// <summary>What a front-end uses when it is offered.</summary>
    private const VirtioFeatures Wanted =
        VirtioFeatures.MrgRxbuf | VirtioFeatures.AnyLayout | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx | VirtioFeatures.ProtocolFeatures
        | VirtioFeatures.Version1 | VirtioFeatures.InOrder | VirtioFeatures.OrderPlatform;

    private const ProtocolFeatures WantedProtocol =
        ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.Status | ProtocolFeatures.Config
        | ProtocolFeatures.LogShmfd | ProtocolFeatures.Rarp | ProtocolFeatures.Mtu | ProtocolFeatures.DeviceState
        | ProtocolFeatures.BackendReq | ProtocolFeatures.BackendSendFd | ProtocolFeatures.SharedObject | ProtocolFeatures.HostNotifier | ProtocolFeatures.Shmem;

    /// <summary>Features that are acknowledged only while they are wanted.</summary>
    private const VirtioFeatures UsedOnDemand = VirtioFeatures.LogAll;

    /// <summary>Features of a device that is no network device: the ring's own only; bits 0 to 23 mean something else there.</summary>
    private const VirtioFeatures RingFeaturesMask = ~((VirtioFeatures)0xFFFFFF | (VirtioFeatures)0xFFC0_0000_0000_0000);

    public VirtioFeatures Offered { get; private set; }

    public VirtioFeatures Features { get; private set; }

    public ProtocolFeatures ProtocolFeatures { get; private set; }

    /// <summary>Queue pairs that the back-end serves, as far as it was asked; the control ring comes behind them.</summary>
    public int MaxQueuePairs { get; private set; } = 1;

    /// <summary>Owner, features and protocol features.</summary>
    public void Negotiate(CancellationToken cancel)
    {
        frontEnd.SetBytes(FrontEndRequest.SetOwner, default, cancel);
        Offered = (VirtioFeatures)frontEnd.Get(FrontEndRequest.GetFeatures, cancel);
        VirtioFeatures wanted = Wanted | options.RequireFeatures | (options.QueuePairs > 1 ? VirtioFeatures.Mq : 0);
        if (options.Device == ClientDevice.Other) wanted = (Wanted & RingFeaturesMask) | options.RequireFeatures;
        wanted = Fixed ?? wanted;
        VirtioFeatures missing = (Fixed ?? options.RequireFeatures) & ~Offered;
        if (missing != 0)
            throw new VhostException(VhostError.FeatureMissing, $"The back-end does not offer {string.Join(", ", FeatureNames.Of(missing))}; it offers {string.Join(", ", FeatureNames.Of(Offered))}.",
                "GET_FEATURES", "Leave the feature out of -Feature, or let the back-end offer it.");
        if (options.Device == ClientDevice.Net) wanted = FeatureDependencies.Complete(wanted, Offered & ~options.ExcludeFeatures);
        Features = Offered & wanted & ~options.ExcludeFeatures;
        if ((Features & VirtioFeatures.ProtocolFeatures) != 0) NegotiateProtocol(cancel);
        if (options.QueuePairs > 1 || (Features & (VirtioFeatures.Mq | VirtioFeatures.CtrlVq)) == (VirtioFeatures.Mq | VirtioFeatures.CtrlVq)) CheckQueues(cancel);
        if ((ProtocolFeatures & ProtocolFeatures.Status) != 0) SetStatus(DeviceStatus.Acknowledge | DeviceStatus.Driver, cancel);
        if (options.Profile == PeerProfile.Vapp) return; // vapp's client sends no SET_FEATURES: no feature is used, and the rings are enabled
        frontEnd.Set(FrontEndRequest.SetFeatures, (ulong)Features, cancel);
        if ((ProtocolFeatures & ProtocolFeatures.Status) != 0) ConfirmFeatures(cancel);
    }

    /// <summary>Sets up all rings, enables them, and sets DRIVER_OK.</summary>
    public void StartRings(IReadOnlyList<DriverRing> rings, CancellationToken cancel)
    {
        if (options.Profile == PeerProfile.Vapp)
        {
            foreach (DriverRing ring in rings) StartVappRing(ring, cancel);
            // A kick that comes before the addresses is lost on vapp's server: its answer shows that it has them.
            frontEnd.Get(FrontEndRequest.GetFeatures, cancel);
            return;
        }
        foreach (DriverRing ring in rings) SetState(FrontEndRequest.SetVringNum, ring, (uint)ring.Areas.Size, cancel);
        foreach (DriverRing ring in rings)
        {
            SetState(FrontEndRequest.SetVringBase, ring, ring.Queue.ResumeBase, cancel);
            SetAddress(ring, cancel);
            SetCall(ring, cancel);
        }
        foreach (DriverRing ring in rings) SetKick(ring, cancel);
        if ((Features & VirtioFeatures.ProtocolFeatures) != 0)
        {
            foreach (DriverRing ring in rings) SetState(FrontEndRequest.SetVringEnable, ring, 1, cancel);
        }
        if ((ProtocolFeatures & ProtocolFeatures.Status) != 0)
            SetStatus(DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk | DeviceStatus.DriverOk, cancel);
        // Back-ends of the older wording start a ring on its first kick, so give it one (vhost-user, "Ring states").
        foreach (DriverRing ring in rings) ring.Kick();
    }

    /// <summary>Disables and stops all rings; the back-end touches no buffer after this.</summary>
    public void StopRings(IReadOnlyList<DriverRing> rings, CancellationToken cancel)
    {
        SuspendRings(rings, cancel);
        if ((ProtocolFeatures & ProtocolFeatures.Status) != 0) SetStatus(0, cancel);
    }

    /// <summary>The same, but the device keeps its state and goes on with <see cref="StartRings"/>.</summary>
    public void SuspendRings(IReadOnlyList<DriverRing> rings, CancellationToken cancel)
    {
        if ((Features & VirtioFeatures.ProtocolFeatures) != 0)
        {
            foreach (DriverRing ring in rings) SetState(FrontEndRequest.SetVringEnable, ring, 0, cancel);
        }
        foreach (DriverRing ring in rings)
            frontEnd.Get<VringStatePayload, VringStatePayload>(FrontEndRequest.GetVringBase, new VringStatePayload { Index = (uint)ring.Index }, cancel);
    }

    /// <summary>The features that are not used, each with the reason.</summary>
    public string[] ExplainRefused()
    {
        VirtioFeatures wanted = options.Device == ClientDevice.Other ? Wanted & RingFeaturesMask : Wanted;
        return
        [
            .. FeatureNames.Of(wanted & ~Offered).Select(name => $"{name}: not offered by the back-end"),
            .. FeatureNames.Of(Offered & options.ExcludeFeatures).Select(name => $"{name}: excluded here"),
            .. FeatureNames.Of(Offered & ~Features & ~options.ExcludeFeatures & ~UsedOnDemand).Select(name => $"{name}: not used by this front-end"),
            .. ExplainRefusedProtocol(),
        ];
    }

    /// <summary>The order of vapp's own client. Its server uses a ring as soon as it has the addresses, so they come last, and needs no first kick.</summary>
    private void StartVappRing(DriverRing ring, CancellationToken cancel)
    {
        SetState(FrontEndRequest.SetVringNum, ring, (uint)ring.Areas.Size, cancel);
        SetState(FrontEndRequest.SetVringBase, ring, 0, cancel);
        frontEnd.Set(FrontEndRequest.SetVringKick, (ulong)ring.Index, cancel, [ring.KickFd.Number]);
        frontEnd.Set(FrontEndRequest.SetVringCall, (ulong)ring.Index, cancel, [ring.CallFd.Number]);
        SetAddress(ring, cancel);
    }

    private void NegotiateProtocol(CancellationToken cancel)
    {
        OfferedProtocol = options.Dialect.FromWire(frontEnd.Get(FrontEndRequest.GetProtocolFeatures, cancel));
        ProtocolFeatures = ChooseProtocol();
        frontEnd.Set(FrontEndRequest.SetProtocolFeatures, options.Dialect.ToWire(ProtocolFeatures), cancel);
        frontEnd.ReplyAck = (ProtocolFeatures & ProtocolFeatures.ReplyAck) != 0;
    }

    private void CheckQueues(CancellationToken cancel)
    {
        ulong pairs = (ProtocolFeatures & ProtocolFeatures.Mq) != 0 ? frontEnd.Get(FrontEndRequest.GetQueueNum, cancel) : 1;
        MaxQueuePairs = (int)Math.Min(pairs, 127);
        if (pairs < (ulong)options.QueuePairs)
            throw new VhostException(VhostError.FeatureMissing, $"The back-end serves {pairs} queue pair(s); {options.QueuePairs} were asked for.", "GET_QUEUE_NUM",
                "Use a smaller -QueuePairs, or start the back-end with more queues.");
    }

    private void ConfirmFeatures(CancellationToken cancel)
    {
        SetStatus(DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk, cancel);
        var status = (DeviceStatus)frontEnd.Get(FrontEndRequest.GetStatus, cancel);
        if ((status & DeviceStatus.FeaturesOk) == 0) // virtio 1.3 §3.1.1, step 6
            throw new VhostException(VhostError.FeatureMissing, $"The back-end does not accept the features {string.Join(", ", FeatureNames.Of(Features))}: it left FEATURES_OK unset.", "SET_STATUS",
                "Leave some out with -ExcludeFeature.");
    }

    private void SetStatus(DeviceStatus status, CancellationToken cancel) => frontEnd.Set(FrontEndRequest.SetStatus, (ulong)status, cancel);

    private void SetState(FrontEndRequest request, DriverRing ring, uint number, CancellationToken cancel) =>
        frontEnd.Set(request, new VringStatePayload { Index = (uint)ring.Index, Number = number }, cancel);

    private void SetAddress(DriverRing ring, CancellationToken cancel, bool log = false) => frontEnd.Set(FrontEndRequest.SetVringAddr, new VringAddressPayload
    {
        Index = (uint)ring.Index,
        Flags = log ? VringAddressPayload.LogFlag : 0,
        Descriptors = ring.DescriptorAddress,
        Available = ring.AvailableAddress,
        Used = ring.UsedAddress,
        Log = log ? ring.UsedGuestAddress : 0,
    }, cancel);
}
