using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What a server asks of its front-end, on the channel that the front-end opened.</summary>
public sealed partial class VhostServer
{
    /// <summary>Sends a request to the front-end and, when a reply is due, waits for it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="payload">Its payload; the size must be the specification's.</param>
    /// <param name="needReply">Whether to ask for an acknowledgement where none is promised; needs REPLY_ACK.</param>
    /// <param name="timeout">How long to wait for the reply.</param>
    /// <param name="file">A file to send along, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">RequestNotNegotiated, MessageSizeInvalid, PeerTimeout, PeerDisconnected …</exception>
    public VhostRequestResult Ask(BackEndRequest request, ReadOnlyMemory<byte> payload, bool needReply, TimeSpan timeout, SharedRegion? file = null, CancellationToken cancel = default) =>
        AskWith(request, payload, needReply, timeout, file is null ? [] : [file.File.Number], cancel);

    /// <summary>Tells the front-end that the configuration space has changed.</summary>
    /// <exception cref="VhostException">RequestNotNegotiated or PeerDisconnected.</exception>
    public void NotifyConfigChange() => Ask(BackEndRequest.ConfigChangeMsg, default, needReply: false, TimeSpan.FromSeconds(5));

    /// <summary>Asks the guest to announce itself to its network, and waits until it says that it did.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">RequestNotNegotiated without GUEST_ANNOUNCE, PeerTimeout, PeerDisconnected …</exception>
    public void RequestAnnouncement(TimeSpan timeout, CancellationToken cancel = default)
    {
        OnLoop(() => { Session().RequestAnnouncement(); return true; });
        long start = Stopwatch.GetTimestamp();
        while (OnLoop(() => Session().AnnouncementPending))
        {
            if (Stopwatch.GetElapsedTime(start) > timeout)
                throw new VhostException(VhostError.PeerTimeout, $"Server '{Name}': the guest did not acknowledge within {timeout.TotalSeconds:0.#} s that it announced itself.", Name,
                    "Look whether its driver reads the status after a configuration change; the request stands until it does.");
            cancel.WaitHandle.WaitOne(20);
            cancel.ThrowIfCancellationRequested();
        }

        BackEnd Session() => _session ?? throw new VhostException(VhostError.PeerDisconnected, $"Server '{Name}': no front-end is connected.", Name, "Connect one first.");
    }

    /// <summary>Offers an object to the other back-ends of the front-end, now and in every later session.</summary>
    /// <param name="id">Its UUID.</param>
    /// <param name="region">Memory whose descriptor stands for the object.</param>
    /// <exception cref="VhostException">NameInUse.</exception>
    public void AddSharedObject(Guid id, SharedRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (!_offer.SharedObjects.TryAdd(id, region.File))
            throw new VhostException(VhostError.NameInUse, $"Server '{Name}' already shares object {id}.", Name, "Remove it first.");
        OnLoop(() => { _session?.Announce(BackEndRequest.SharedObjectAdd, id); return true; });
    }

    /// <summary>Withdraws an object; false when there was none.</summary>
    public bool RemoveSharedObject(Guid id)
    {
        if (!_offer.SharedObjects.Remove(id)) return false;
        OnLoop(() => { _session?.Announce(BackEndRequest.SharedObjectRemove, id); return true; });
        return true;
    }

    internal VhostRequestResult AskWith(BackEndRequest request, ReadOnlyMemory<byte> payload, bool needReply, TimeSpan timeout, int[] fds, CancellationToken cancel)
    {
        string name = BackEndMessageTable.NameOf(request);
        if (!BackEndMessageTable.TryGet(request, out BackEndMessageRule rule))
            throw new VhostException(VhostError.RequestUnknown, $"{name} is not in the specification (1 to {BackEndMessageTable.Rules.Length}).", name, "See BackEndRequest for the names.");
        if (payload.Length != rule.Size)
            throw new VhostException(VhostError.MessageSizeInvalid, $"{name} was given {payload.Length} bytes; expected {rule.Size}.", name, "Give the whole payload; padding counts.");
        var answer = new TaskCompletionSource<VhostRequestResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool due = rule.Reply == ReplyRule.Always || needReply;
        OnLoop(() =>
        {
            BackEnd session = _session ?? throw new VhostException(VhostError.PeerDisconnected, $"Server '{Name}': no front-end is connected.", Name, "Connect one first.");
            session.SendBytes(request, payload.Span, fds, due ? reply => answer.TrySetResult(reply is null ? null : VhostRequestResult.Of(name, reply)) : null);
            return true;
        });
        if (!due) return VhostRequestResult.Sent(name);
        if (!answer.Task.Wait((int)Math.Clamp(timeout.TotalMilliseconds, 0, int.MaxValue), cancel))
            throw new VhostException(VhostError.PeerTimeout, $"The front-end did not answer {name} within {timeout.TotalSeconds:0.#} s.", name, "Look whether the front-end serves its channel.");
        return answer.Task.Result ?? VhostRequestResult.Sent(name);
    }

    internal FeatureProfile OfferProfile => new() { Name = Name, Features = _offer.Features, ProtocolFeatures = _offer.ProtocolFeatures };

    /// <summary>Offered features that the front-end did not acknowledge; nothing before it has acknowledged any.</summary>
    private string[] ExplainRefused() => _session is not { FeaturesSet: true } session ? [] :
    [
        .. FeatureNames.Of(_offer.Features & ~session.Features).Select(name => $"{name}: not acknowledged by the front-end"),
        .. FeatureNames.Of(_offer.ProtocolFeatures & ~session.ProtocolFeatures).Select(name => $"{name} (protocol): not acknowledged by the front-end"),
    ];

    private static void CheckOffer(VhostServerOptions options)
    {
        VirtioFeatures features = options.OfferFeatures & ~(BackEndOptions.DefaultFeatures | BackEndOptions.OptionalFeatures);
        ProtocolFeatures protocol = options.OfferProtocolFeatures & ~(BackEndOptions.DefaultProtocolFeatures | BackEndOptions.OptionalProtocolFeatures);
        if (features != 0 || protocol != 0)
            throw new VhostException(VhostError.InvalidArgument, $"Server '{options.Name}' can't offer {string.Join(", ", [.. FeatureNames.Of(features), .. FeatureNames.Of(protocol)])}.", options.Name,
                "See about_VhostUser_Features for what a server has; some features belong to parameters of their own.");
        if (options.SharedMemorySizes.Count > 256 || options.SharedMemorySizes.Any(size => size < 0 || size % 4096 != 0))
            throw new VhostException(VhostError.InvalidArgument, $"Server '{options.Name}': shared memory regions are at most 256, each a multiple of 4096 bytes.", options.Name, "A region's id has 8 bits.");
    }

    /// <summary>Edge-triggered: readable when a reply came, writable when a full socket has room again.</summary>
    private void WatchChannel(BackEndChannel channel) => _loop.Watch(channel.Fd, () =>
    {
        try
        {
            channel.Handle();
        }
        catch (VhostException error)
        {
            EndSession(error);
        }
    }, Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLET);
}
