using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Photographs of a server and of its rings, while a front-end is there.</summary>
public sealed partial class VhostServer
{
    // A script that answers sooner holds nobody up.
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(0.5);

    private volatile MessageLog? _messages; // of this session, or of the last one

    /// <summary>The messages of the front-end that is there or was there last, with their replies; the first and the latest of very many.</summary>
    public VhostMessageInfo[] GetMessages() => _messages?.Read(Name) ?? [];

    private VhostServerInfo TakeSnapshot()
    {
        EndpointTotals totals = _past;
        if (_session is not null) totals = totals.Plus(_session.Rings);
        Exception? fault = _fault ?? (_ownDevice as ScriptDevice)?.LastFailure;
        return new VhostServerInfo
        {
            Name = Name,
            HandleId = HandleId,
            OwnerProcessId = Environment.ProcessId,
            State = _state,
            BusyFor = _absence.Elapsed,
            Path = Path,
            Listens = !_options.Connect,
            Mode = _options.Mode,
            Poll = _options.Poll,
            QueuePairs = _options.QueuePairs,
            PeerProcessId = _peer?.ProcessId,
            PeerUserId = _peer?.UserId,
            PeerGroupId = _peer?.GroupId,
            PeerExecutable = _peer?.Executable,
            Features = FeatureNames.Of(_session?.Features ?? 0),
            OfferedFeatures = FeatureNames.Of(_offer.Features),
            ProtocolFeatures = FeatureNames.Of(_session?.ProtocolFeatures ?? 0),
            OfferedProtocolFeatures = FeatureNames.Of(_offer.ProtocolFeatures),
            RefusedFeatures = ExplainRefused(),
            HeaderLength = NetHeader.LengthFor(_session?.Features ?? 0),
            Regions = [.. _session?.Memory.Regions.Select(MemoryRegionInfo.Of) ?? []],
            PacketsSent = totals.ReceivePackets,
            BytesSent = totals.ReceiveBytes,
            PacketsReceived = totals.TransmitPackets,
            BytesReceived = totals.TransmitBytes,
            Dropped = totals.Drops.Values.Sum(),
            Drops = totals.Drops,
            Sessions = _sessions,
            Rejected = _rejected,
            Bridge = Bridge?.Name,
            Announcements = _session?.Announcements ?? 0,
            LastAnnounced = _session?.LastAnnounced?.ToString(),
            Mtu = _session?.Mtu ?? _options.Mtu,
            LastRefusalId = _refusal?.Error.ToString(),
            LastRefusal = _refusal?.Message,
            FaultId = fault is null ? null : ((fault as VhostException)?.Error ?? VhostError.ScriptFailed).ToString(),
            Fault = fault?.Message,
            FaultAction = (fault as VhostException)?.RecommendedAction,
        };
    }

    private VringState[] ReadRings(int? queue, bool descriptors)
    {
        if (_session is null) return ReadIdleRings(queue);
        VringState[] rings = _session.ReadRings(Name, queue, descriptors);
        if (_absence.Elapsed is not TimeSpan busy || busy < WorthTelling) return rings;
        return [.. rings.Select(ring => ring with { Verdict = $"the packet script has been busy with one packet for {busy.TotalSeconds:0.#} s; {ring.Verdict}" })];
    }
}
