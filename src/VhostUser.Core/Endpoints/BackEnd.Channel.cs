using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The channel on which a back-end sends requests of its own, and the notifications that travel as messages.</summary>
internal sealed partial class BackEnd
{
    /// <summary>The channel, once SET_BACKEND_REQ_FD came.</summary>
    public BackEndChannel? Channel { get; private set; }

    /// <summary>Called when a channel was opened and is to be watched, and before one is closed.</summary>
    public Action<BackEndChannel>? ChannelOpened { get; init; }

    public Action<BackEndChannel>? ChannelClosing { get; init; }

    /// <summary>Whether SET_FEATURES came.</summary>
    public bool FeaturesSet => _featuresSet;

    private bool IsInband => (ProtocolFeatures & ProtocolFeatures.InbandNotifications) != 0;

    private void SetBackendReqFd(Message message)
    {
        FileDescriptor fd = message.BorrowFd(0);
        string? kind = new FileInfo($"/proc/self/fd/{fd.Number}").LinkTarget;
        if (kind is null || !kind.StartsWith("socket:", StringComparison.Ordinal))
            throw new VhostException(VhostError.MessageFdKindInvalid, $"SET_BACKEND_REQ_FD: expected a socket, got '{kind}'.", "SET_BACKEND_REQ_FD", "Make a pair with socketpair(2) and send one end.");
        CloseChannel();
        Channel = new BackEndChannel(message.TakeFd()!, ProtocolFeatures, _options.Dialect);
        ChannelOpened?.Invoke(Channel);
        foreach (Vring ring in _rings) ring.CallByMessage = IsInband ? Channel.Call : null;
        foreach (Guid id in _options.SharedObjects.Ids) Announce(BackEndRequest.SharedObjectAdd, id);
    }

    private void CloseChannel()
    {
        if (Channel is null) return;
        ChannelClosing?.Invoke(Channel);
        Channel.Dispose();
        Channel = null;
        foreach (Vring ring in _rings) ring.CallByMessage = null;
    }

    /// <summary>vhost-user, INBAND_NOTIFICATIONS: without BACKEND_REQ and REPLY_ACK the back-end must close the connection.</summary>
    private void CheckInband(ProtocolFeatures features)
    {
        const ProtocolFeatures Needed = ProtocolFeatures.BackendReq | ProtocolFeatures.ReplyAck;
        if ((features & ProtocolFeatures.InbandNotifications) == 0 || (features & Needed) == Needed) return;
        ProtocolFeatures = 0; // no acknowledgement any more: the session ends
        throw new VhostException(VhostError.FeatureMissing, $"SET_PROTOCOL_FEATURES acknowledges INBAND_NOTIFICATIONS without {Needed & ~features}.", "SET_PROTOCOL_FEATURES",
            "In-band notifications need BACKEND_REQ and REPLY_ACK.");
    }

    /// <summary>A kick by message; it starts the ring too, as SET_VRING_KICK does (vhost-user, "Ring states").</summary>
    private void KickByMessage(VringStatePayload payload)
    {
        Vring ring = RingAt(payload.Index);
        ring.Counters.KicksReceived++;
        if (ring.KickReceived) return;
        ring.ExchangeKick(null).Fd?.Dispose();
        UpdateRing(ring);
    }

    /// <summary>Tells the driver that a ring is broken, on the descriptor of SET_VRING_ERR or by message.</summary>
    public void TellError(VhostException error)
    {
        if (error.Target is not string target || !target.StartsWith("ring ", StringComparison.Ordinal) || !int.TryParse(target.AsSpan(5), out int index) || (uint)index >= (uint)_rings.Length) return;
        Vring ring = _rings[index];
        if (ring.ErrFd is not null) EventFd.Signal(ring.ErrFd.Number);
        else if (IsInband && Channel is { IsClosed: false })
        {
            try
            {
                Send(BackEndRequest.VringErr, new VringStatePayload { Index = (uint)index });
            }
            catch (VhostException)
            {
                // The front-end does not read: the session ends anyway.
            }
        }
    }

    /// <summary>Sends a request of the back-end's own.</summary>
    /// <exception cref="VhostException">RequestNotNegotiated without a channel, or what <see cref="BackEndChannel.Send"/> throws.</exception>
    public void Send<T>(BackEndRequest request, T payload, ReadOnlySpan<int> fds = default, Action<Message?>? answered = null) where T : unmanaged =>
        SendBytes(request, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)), fds, answered);

    public void SendBytes(BackEndRequest request, ReadOnlySpan<byte> payload, ReadOnlySpan<int> fds = default, Action<Message?>? answered = null)
    {
        if (Channel is null)
            throw new VhostException(VhostError.RequestNotNegotiated, $"{BackEndMessageTable.NameOf(request)}: the front-end has opened no channel for back-end requests.", BackEndMessageTable.NameOf(request),
                "It must negotiate BACKEND_REQ and send SET_BACKEND_REQ_FD.");
        Channel.Send(request, payload, fds, answered);
    }
}
