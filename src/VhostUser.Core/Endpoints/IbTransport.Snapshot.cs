using System.Net;
using System.Net.NetworkInformation;
using VhostUser.Devices.Net;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>What is counted, over all sessions, and the photograph of it.</summary>
public sealed partial class IbTransport
{
    private readonly ChannelCounters _past = new();
    private uint _lastSession;
    private uint[] _lastDelivered = [];   // packets that this end took in it, by queue pair
    private long[] _lastSent = [];        // packets that this end sent in it
    private long[] _lastUnacknowledged = [];
    private long _lost;
    private int _sessions;
    private int _rejected;
    private DateTimeOffset? _since;
    private VhostException? _fault;

    /// <summary>Keeps the counts of a session that ended.</summary>
    private void Settle(FrameLink session)
    {
        int pairs = session.Channels.Length;
        _lastSession = session.Session;
        _lastDelivered = new uint[pairs];
        _lastSent = new long[pairs];
        _lastUnacknowledged = new long[pairs];
        for (int i = 0; i < pairs; i++)
        {
            FrameChannel channel = session.Channels[i];
            ChannelCounters counters = channel.Counters;
            _past.Add(counters);
            _lastDelivered[i] = (uint)counters.PacketsReceived;
            _lastSent[i] = counters.PacketsSent;
            _lastUnacknowledged[i] = channel.Unacknowledged;
            _lost += channel.Unsent;
        }
        _since = null;
    }

    /// <summary>The other end tells what it got of the last session, if it remembers that one; else what it had not confirmed is lost.</summary>
    private void CountLoss(LinkHello peer)
    {
        bool known = peer.LastSession == _lastSession && _lastSession != 0;
        for (int i = 0; i < _lastSent.Length; i++)
        {
            long missing = known && i < peer.Delivered.Length ? (uint)_lastSent[i] - peer.Delivered[i] : _lastUnacknowledged[i];
            _lost += Math.Clamp(missing, 0, _lastUnacknowledged[i]);
        }
        _lastSent = [];
        _lastUnacknowledged = [];
    }

    private IbTransportInfo Photograph()
    {
        FrameLink? session = _session;
        LinkTerms? terms = session is null ? null : _terms;
        var total = new ChannelCounters();
        total.Add(_past);
        int credits = 0;
        for (int i = 0; session is not null && i < session.Channels.Length; i++)
        {
            total.Add(session.Channels[i].Counters);
            credits += session.Channels[i].Credits;
        }
        var drops = new Dictionary<string, long>();
        _end.AddDrops(drops);
        LinkProvider provider = terms?.Agreement.Provider ?? _options.Provider;
        return new IbTransportInfo
        {
            HandleId = HandleId,
            OwnerProcessId = Environment.ProcessId,
            Name = Name,
            State = _state,
            EndKind = _end.Kind,
            End = _end.Name,
            Listens = _options.IsListener,
            Address = _listener?.LocalEndpoint.ToString() ?? $"{_options.Connect}:{_options.Port}",
            PeerAddress = terms?.Remote.ToString(),
            Provider = provider,
            Mode = terms?.Agreement.Mode ?? _options.Mode,
            Authentication = _options.Credential?.Kind ?? "None",
            Encrypted = terms?.Agreement.Encrypt ?? _options.Encrypt,
            QueuePairs = session?.Channels.Length ?? 0,
            PathMtu = terms is null || provider == LinkProvider.Shm ? null : MtuOf(terms.Local.Address),
            FrameBytes = provider == LinkProvider.Auto ? 0 : FabricProvider.Of(provider).FillBytes,
            Credits = credits,
            Window = ChannelOptions.ReceiveFrames * (session?.Channels.Length ?? 0),
            RoundTrip = session?.RoundTrip,
            FramesSent = total.FramesSent,
            FramesReceived = total.FramesReceived,
            PacketsSent = total.PacketsSent,
            BytesSent = total.BytesSent,
            PacketsReceived = total.PacketsReceived,
            BytesReceived = total.BytesReceived,
            Dropped = drops.Values.Sum(),
            Drops = drops,
            Lost = _lost + _lastUnacknowledged.Sum(),
            CreditStalls = total.CreditStalls,
            ForeignFrames = total.ForeignFrames,
            Sessions = _sessions,
            Since = _since,
            Rejected = _rejected,
            PeerHeaderLength = terms is { Peer.HeaderLength: > 0 } ? terms.Peer.HeaderLength : null,
            FaultId = _fault?.Error.ToString(),
            Fault = _fault?.Message,
            FaultAction = _fault?.RecommendedAction,
        };
    }

    private static int? MtuOf(IPAddress address)
    {
        NetworkInterface? port = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(port => port.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));
        return port is not null && File.Exists($"/sys/class/net/{port.Name}/mtu") && int.TryParse(File.ReadAllText($"/sys/class/net/{port.Name}/mtu"), out int mtu) ? mtu : null;
    }
}
