using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// A front-end: owns memory and rings, and sends and receives packets on them. It has no thread of its own; any number of threads
/// may call it, and each burst is worked under one lock.
/// </summary>
public sealed partial class VhostClient : IDisposable
{
    private volatile VhostClientOptions _options; // its regions may change while it runs
    private readonly RegionSpace _space;
    private readonly ListeningSocket? _listener;
    private readonly Lock _gate = new();
    private readonly List<RegionPiece> _buffers = [];
    private FrontEnd? _frontEnd;
    private Handshake? _handshake;
    private PeerInfo? _peer;
    private VhostException? _fault;
    private DriverRing[] _rings = [];
    private NetTransmitter?[] _transmitters = [];
    private NetReceiver?[] _receivers = [];
    private volatile EndpointState _state = EndpointState.Connecting;

    private VhostClient(VhostClientOptions options, ListeningSocket? listener)
    {
        _options = options;
        _listener = listener;
        _space = new RegionSpace(options.Regions);
    }

    /// <summary>Name given when it was connected.</summary>
    public string Name => _options.Name;

    /// <summary>Socket path.</summary>
    public string Path => _options.Path;

    /// <summary>Tells this client from another that had or will have its name.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Where the client stands; a peer that has gone is noticed when the client is used or looked at.</summary>
    public EndpointState State => _state;

    /// <summary>Number of rings.</summary>
    public int RingCount => _rings.Length;

    /// <summary>Where packets are captured.</summary>
    internal CaptureTap Capture { get; } = new();

    private int HeaderLength => NetHeader.LengthFor(_handshake?.Features ?? 0);

    /// <summary>Connects (or listens), shares the regions, and starts the rings.</summary>
    /// <exception cref="VhostException">Nobody listens, the handshake fails, or the regions are too small.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static VhostClient Connect(VhostClientOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Profile == PeerProfile.Vapp) options = FitToVapp(options);
        Check(options);
        sockaddr_un.FromPath(options.Path);
        ListeningSocket? listener = options.Listen ? ListeningSocket.Open(options.Path, options.SocketMode, options.Force) : null;
        var client = new VhostClient(options, listener);
        foreach (SharedRegion region in options.Regions) region.Acquire(options.Name);
        options.PostcopySource?.Acquire(options.Name);
        try
        {
            if (listener is null) client.OpenAtFreeServer(cancel);
            else client.Open(ClientSocket.Accept(listener, options, cancel), cancel);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>A photograph of the client.</summary>
    public VhostClientInfo Snapshot()
    {
        lock (_gate)
        {
            NoticePeer();
            EndpointTotals totals = default(EndpointTotals).Plus(_rings);
            return new VhostClientInfo
            {
                Name = Name,
                HandleId = HandleId,
                OwnerProcessId = Environment.ProcessId,
                State = _state,
                Path = Path,
                Listens = _options.Listen,
                QueuePairs = _options.Device == ClientDevice.Net ? _options.QueuePairs : 0,
                QueueSize = _options.QueueSize,
                BufferSize = _options.BufferSize,
                RegionNames = [.. _options.Regions.Select(region => region.Name)],
                PeerProcessId = _peer?.ProcessId,
                PeerUserId = _peer?.UserId,
                PeerGroupId = _peer?.GroupId,
                PeerExecutable = _peer?.Executable,
                Features = FeatureNames.Of(_handshake?.Features ?? 0),
                OfferedFeatures = FeatureNames.Of(_handshake?.Offered ?? 0),
                RefusedFeatures = _handshake?.ExplainRefused() ?? [],
                ProtocolFeatures = FeatureNames.Of(_handshake?.ProtocolFeatures ?? 0),
                OfferedProtocolFeatures = FeatureNames.Of(_handshake?.OfferedProtocol ?? 0),
                HeaderLength = HeaderLength,
                Regions = [.. _options.Regions.Select(DescribeRegion)],
                PacketsSent = totals.TransmitPackets,
                BytesSent = totals.TransmitBytes,
                PacketsReceived = totals.ReceivePackets,
                BytesReceived = totals.ReceiveBytes,
                Dropped = totals.Drops.Values.Sum(),
                Drops = totals.Drops,
                Reconnects = _reconnects,
                Retransmitted = _retransmitted,
                Lost = _lost,
                BackEndRequests = _channel?.Received ?? new Dictionary<string, long>(),
                LastRefusal = (_channel?.Fault ?? _channel?.Refusal)?.Message ?? _ringError ?? _announceError ?? _feed?.Failure,
                Announcements = _announcements,
                PostcopyFaults = _feed?.Faults ?? 0,
                PostcopyPages = _feed?.Pages ?? 0,
                TranslationsAnswered = _iotlb?.Answered ?? 0,
                FaultId = _fault?.Error.ToString(),
                Fault = _fault?.Message,
                FaultAction = _fault?.RecommendedAction,
            };
        }
    }

    /// <summary>Stops the rings, closes the connection, and gives the memory back to its regions. May be called again.</summary>
    public void Dispose()
    {
        StopKeeper();
        _watch?.Dispose(); // not under the lock, which its look takes
        lock (_gate)
        {
            if (_state == EndpointState.Stopped) return;
            if (_state == EndpointState.Running)
            {
                try
                {
                    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
                    _handshake!.StopRings(_rings, limit.Token);
                }
                catch (Exception error) when (error is VhostException or OperationCanceledException)
                {
                    // The peer is gone or does not answer: closing the socket is all that is left.
                }
            }
            _feed?.Dispose(); // after the rings: until they stand the back-end may wait for a page
            _options.PostcopySource?.Release(Name);
            CloseChannel();
            _frontEnd?.Dispose();
            _listener?.Dispose();
            EndDirtyLog();
            _inflightFd?.Dispose();
            foreach (DriverRing ring in _rings) ring.Dispose();
            foreach (RegionPiece piece in _buffers) piece.Region.Free(piece);
            foreach (SharedRegion region in _options.Regions) region.Release(Name);
            _rings = [];
            SetState(EndpointState.Stopped);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static void Check(VhostClientOptions options)
    {
        if (options.Regions.Count == 0) throw Invalid("no region was given", "Make one with New-VhostSharedRegion.");
        QueueLimit.CheckPairs(options.Name, options.QueuePairs);
        if (options.RingCount is < 1 or > QueueLimit.Rings) throw Invalid($"RingCount is {options.RingCount}; expected 1 to 256", "A ring index has 8 bits.");
        if (options.BufferSize is < 64 or > 65600) throw Invalid($"BufferSize is {options.BufferSize}; expected 64 to 65600 bytes", "2048 holds a packet of 1518 bytes and its header.");
        var layout = new RingLayout((options.RequireFeatures & VirtioFeatures.RingPacked) != 0);
        if (options.QueueSize < 2 || !layout.IsValidSize((uint)options.QueueSize))
            throw new VhostException(VhostError.RingSizeInvalid, $"Client '{options.Name}': QueueSize is {options.QueueSize}; expected {layout.SizeRule}, and at least 2.", options.Name,
                "256 and 1024 are usual; sizes that are no power of two need packed rings, -Feature RingPacked.");

        CheckPostcopy(options);
        if (options.MacAddress is { IsMulticast: true }) throw Invalid($"MacAddress is {options.MacAddress}, which is the address of a group", "Give the address of one station, for example 02:00:00:00:00:01.");
        if (options.IPAddress is { AddressFamily: not System.Net.Sockets.AddressFamily.InterNetwork }) throw Invalid($"IPAddress is {options.IPAddress}; ARP announces IPv4 addresses", "Give an IPv4 address, or none.");
        if (options is { Reconnect: true, Profile: PeerProfile.Vapp })
            throw Invalid("Reconnect does not go with the Vapp profile", "vapp's server keeps its place in the rings for itself: connect a new client after its restart.");

        VhostException Invalid(string what, string action) => new(VhostError.InvalidArgument, $"Client '{options.Name}': {what}.", options.Name, action);
    }

    private void Open(FileDescriptor socket, CancellationToken cancel)
    {
        _peer = PeerInfo.Of(socket.Number);
        var connection = new Connection(socket, isFrontEnd: true, dialect: _options.Dialect);
        _messages = connection.Log;
        _frontEnd = new FrontEnd(connection, _options.Timeout);
        _handshake = new Handshake(_frontEnd, _options);
        SetState(EndpointState.Connected);
        _handshake.Negotiate(cancel);
        OpenChannel(cancel);
        ShareMemory(cancel);
        CreateRings();
        _inflightFd = _handshake.GetInflight(_rings.Length, _options.QueueSize, out _inflight, cancel);
        _handshake.SetInflight(_inflight, _inflightFd, cancel);
        if (IsInband) foreach (DriverRing ring in _rings) ring.KickByMessage = _frontEnd.Kick;
        foreach (NetReceiver? receiver in _receivers) receiver?.Post();
        _handshake.StartRings(_rings, cancel);
        SetState(EndpointState.Running);
        if (_options.PostcopyPush) _feed?.PushAll();
        if (_options.Reconnect) StartKeeper();
    }

    private void CreateRings()
    {
        if (_options.Profile == PeerProfile.Vapp)
        {
            CreateVappRings();
            return;
        }
        bool net = _options.Device == ClientDevice.Net;
        int count = net ? 2 * _options.QueuePairs : _options.RingCount;
        RingFeatures features = RingFeatures.From(_handshake!.Features);
        var rings = new List<DriverRing>(count);
        try
        {
            for (int i = 0; i < count; i++) rings.Add(DriverRing.Create(i, _options.QueueSize, features, _space));
            if (ControlQueue >= 0) rings.Add(DriverRing.Create(ControlQueue, _options.QueueSize, features, _space));
        }
        finally
        {
            _rings = [.. rings];
        }
        _transmitters = new NetTransmitter?[_rings[^1].Index + 1];
        _receivers = new NetReceiver?[_rings[^1].Index + 1];
        if (!net) return;
        uint slot = (uint)(_options.BufferSize + 63 & ~63);
        // An odd number of cache lines from slot to slot: a power of two apart, all would want the same few sets of a cache.
        uint stride = slot | 64;
        bool separate = (_handshake.Features & (VirtioFeatures.Version1 | VirtioFeatures.AnyLayout)) == 0;
        bool mergeable = (_handshake.Features & VirtioFeatures.MrgRxbuf) != 0;
        foreach (DriverRing ring in _rings[..count])
        {
            RegionPiece slots = _space.Allocate((ulong)_options.QueueSize * stride, $"{_options.QueueSize} buffers of {slot} bytes for ring {ring.Index}");
            _buffers.Add(slots);
            if ((ring.Index & 1) == 0) _receivers[ring.Index] = new NetReceiver(ring, slots, slot, HeaderLength, mergeable, stride) { Capture = Capture };
            else _transmitters[ring.Index] = new NetTransmitter(ring, slots, slot, HeaderLength, separate, stride) { ForeignChain = used => FinishRaw(ring, used), Capture = Capture };
        }
    }

    private void SetState(EndpointState state)
    {
        if (_state == state) return;
        _state = state;
        EndpointEvents.Raise(_stateChanged, this);
    }

    private static MemoryRegionInfo DescribeRegion(SharedRegion region) => new()
    {
        GuestAddress = region.GuestAddress,
        UserAddress = region.UserAddress,
        MappingAddress = region.MappingAddress,
        Size = (ulong)region.Size,
        FileOffset = 0,
        Safety = region.Safety,
    };
}
