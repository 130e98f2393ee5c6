using VhostUser.Devices.Net;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>GUEST_ANNOUNCE: the device asks, with a bit in its status, that this client tells the network where it is (virtio 1.3 §5.1.6.5.4).</summary>
public sealed partial class VhostClient
{
    private static readonly TimeSpan AnnounceTimeout = TimeSpan.FromSeconds(5);

    private int _configChanged; // 1 since a change that was not looked at
    private int _looking;       // 1 while a thread looks
    private int _announcements;
    private volatile string? _announceError;

    /// <summary>
    /// Looks after a change of the configuration space, on a thread of its own: the answer needs replies, and the channel must go on. One
    /// thread is enough for any number of changes.
    /// </summary>
    private void LookForAnnouncement()
    {
        if ((UsedFeatures & VirtioFeatures.GuestAnnounce) == 0) return;
        Volatile.Write(ref _configChanged, 1);
        if (Interlocked.Exchange(ref _looking, 1) == 0) Task.Factory.StartNew(Look, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Look()
    {
        do
        {
            while (Interlocked.Exchange(ref _configChanged, 0) == 1) TryAnswerAnnouncement();
            Volatile.Write(ref _looking, 0);
            Interlocked.MemoryBarrier(); // a change that came before this is seen below, one after it starts a thread
        }
        while (Volatile.Read(ref _configChanged) == 1 && Interlocked.Exchange(ref _looking, 1) == 0);
    }

    private void TryAnswerAnnouncement()
    {
        try
        {
            AnswerAnnouncement();
        }
        catch (Exception error) when (error is VhostException or OperationCanceledException or ObjectDisposedException)
        {
            _announceError = $"the back-end asked for an announcement, and it could not be sent: {error.Message}";
        }
    }

    private void AnswerAnnouncement()
    {
        byte[] config = GetConfig(0, NetConfig.StatusOffset + 2, _ending.Token);
        if ((config[NetConfig.StatusOffset] & NetConfig.Announce) == 0) return;
        MacAddress own = _options.MacAddress ?? ((UsedFeatures & VirtioFeatures.Mac) != 0 ? MacAddress.FromBytes(config) : PacketBuilder.Build(new PacketSpec()).SourceMac!.Value);
        // Who knows no address of the guest says with RARP where its MAC address is: that is all that switches need.
        Announce(RarpFrame.Create(own));
        if (_options.IPAddress is { } address)
        {
            // RFC 5227 §3: a request for the own address tells hosts as well.
            Announce(PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Arp, SourceMac = own, DestinationMac = MacAddress.Broadcast, Source = address, Destination = address }).Bytes.Span);
        }
        Control(ControlCommand.AcknowledgeAnnounce(), AnnounceTimeout, _ending.Token);
        Interlocked.Increment(ref _announcements);
    }

    private void Announce(ReadOnlySpan<byte> frame) => Send(frame, queue: 1, count: 1, rate: 0, AnnounceTimeout, _ending.Token);
}
