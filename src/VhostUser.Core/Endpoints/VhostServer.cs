using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// A back-end that runs in the background on a thread of its own: it listens (or connects, again and again), serves one
/// front-end at a time, and outlives every mistake of it. A mistake ends the session and is kept as <see cref="EndpointInfo.Fault"/>.
/// </summary>
public sealed partial class VhostServer : IDisposable, IWorkerMember
{
    private static readonly TimeSpan ReconnectInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HeldInterval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    // Look at the sockets once in so many rounds over the rings: 32 rounds of a burst are far below a millisecond.
    private const int RoundsPerLook = 32;

    private const int EmptyRoundsPerRound = 32;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(0.1);

    // Empty rounds before a server that may sleep does so: arming the kicks and the system call cost more than a few looks.
    // How many adapts itself: fewer when they were in vain, more when work came during them.
    private const int LeastIdleRounds = 8;
    private const int MostIdleRounds = 256;
    private int _idleRoundsBeforeSleep = MostIdleRounds;

    private readonly VhostServerOptions _options;
    private readonly BackEndOptions _offer;
    private readonly ListeningSocket? _listener;
    private readonly NetDevice _ownDevice;
    private readonly Absence _absence;
    private WaitingRoom? _waitingRoom;
    private NetDevice _device;
    private volatile Worker _worker;
    private EventLoop _loop;
    private readonly ManualResetEventSlim _changed = new();
    private readonly Lock _disposeLock = new();
    private BackEnd? _session;
    private PeerInfo? _peer;
    private DateTimeOffset _since; // when the peer came
    private VhostException? _fault;
    private VhostException? _refusal;
    private VhostException? _lastOfSession; // the last refusal that this session is known for
    private EndpointTotals _past;
    private int _sessions;
    private int _rejected;
    private bool _armed;
    private bool _woken;
    private int _idleRounds;
    private long _sleepStart;
    private TimeSpan? _sleepAtMost;
    private long _lastAttempt;
    private volatile bool _disposed;
    private volatile EndpointState _state;

    private VhostServer(VhostServerOptions options, NetDevice device, Absence absence, ListeningSocket? listener)
    {
        _options = options;
        _ownDevice = _device = device;
        _absence = absence;
        _listener = listener;
        _offer = new BackEndOptions
        {
            QueuePairs = options.QueuePairs,
            Profile = options.Profile,
            ConfigSpace = ConfigOf(options),
            Features = options.Profile == PeerProfile.Vapp ? VirtioFeatures.None
                : FeatureDependencies.Keep((BackEndOptions.DefaultFeatures | options.OfferFeatures | (options.QueuePairs > 1 ? VirtioFeatures.Mq : 0) | ConfigFeaturesOf(options)
                    | (options.ControlQueue ? BackEndOptions.ControlFeatures : 0)) & ~options.ExcludeFeatures & ~device.Unsupported),
            ProtocolFeatures = (BackEndOptions.DefaultProtocolFeatures | options.OfferProtocolFeatures | (ConfigOf(options).IsEmpty ? 0 : ProtocolFeatures.Config)
                | (options.SharedMemorySizes.Count == 0 ? 0 : ProtocolFeatures.Shmem)) & ~options.ExcludeProtocolFeatures,
            SharedMemorySizes = options.SharedMemorySizes,
            Dialect = options.Dialect,
        };
        _state = RestingState;
        _worker = new Worker(options.Name, options.Core);
        _worker.Add(this);
        _loop = _worker.Loop;
    }

    /// <summary>Raised after <see cref="State"/> changed, on the server's thread; what a handler throws is ignored.</summary>
    public event EventHandler? StateChanged;

    /// <summary>Name given at the start.</summary>
    public string Name => _options.Name;

    /// <summary>Socket path.</summary>
    public string Path => _options.Path;

    /// <summary>Tells this server from another that had or will have its name.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Where the server stands.</summary>
    public EndpointState State => _state;

    /// <summary>Where packets are captured.</summary>
    internal CaptureTap Capture => _offer.Capture;

    /// <summary>What is done with packets while no bridge has the server.</summary>
    internal ServerMode Mode => _options.Mode;

    private EndpointState RestingState => _options.Connect ? EndpointState.Connecting : EndpointState.Listening;

    /// <summary>Starts a server; on return it listens, or tries to connect in the background.</summary>
    /// <exception cref="VhostException">The socket can't be made, the tap can't be opened, or an option is out of range.</exception>
    public static VhostServer Start(VhostServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        QueueLimit.CheckPairs(options.Name, options.QueuePairs);
        CheckConfig(options);
        CheckOffer(options);
        if (options.ControlQueue && options.QueuePairs == QueueLimit.Pairs)
            throw new VhostException(VhostError.InvalidArgument, "128 queue pairs leave no ring index for a control queue.", options.Name, "Offer 127 pairs, or no control queue.");
        if (options.Core is int core) CoreChoice.Check(options.Name, core);
        var absence = new Absence();
        NetDevice device = CreateDevice(options, absence);
        ListeningSocket? listener = null;
        try
        {
            sockaddr_un.FromPath(options.Path);
            if (!options.Connect) listener = ListeningSocket.Open(options.Path, options.SocketMode, options.Force);
        }
        catch
        {
            device.Dispose();
            throw;
        }
        var server = new VhostServer(options, device, absence, listener);
        server._worker.Start();
        return server;
    }

    /// <summary>Waits until the server is in one of the states.</summary>
    /// <returns>False when the time ran out first.</returns>
    public bool WaitFor(ReadOnlySpan<EndpointState> states, TimeSpan timeout, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            _changed.Reset();
            if (states.Contains(_state)) return true;
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return false;
            // A change between Reset and Wait sets the event again; the bound covers several waiters resetting one another.
            _changed.Wait(left < TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100), cancel);
        }
    }

    /// <summary>A photograph of the server; one whose thread is busy in a packet script is photographed too.</summary>
    /// <exception cref="VhostException">ServerBusy: something else holds its thread.</exception>
    public VhostServerInfo Snapshot() => _disposed ? TakeSnapshot() : OnLoop(TakeSnapshot);

    /// <summary>Photographs of the rings; without a session their verdict says why there is none.</summary>
    /// <param name="queue">Ring index, or null for all.</param>
    /// <param name="descriptors">Whether to read the descriptors too.</param>
    /// <exception cref="VhostException">RingIndexInvalid, or ServerBusy: something other than a packet script holds its thread.</exception>
    public VringState[] GetVringStates(int? queue = null, bool descriptors = false)
    {
        int rings = _offer.RingCount;
        if (queue is int index && (uint)index >= (uint)rings)
            throw new VhostException(VhostError.RingIndexInvalid, $"Server '{Name}' has no ring {index}; it has {rings} (0 to {rings - 1}).", Name, "More rings need -QueuePairs.");
        return _disposed ? ReadIdleRings(queue) : OnLoop(() => ReadRings(queue, descriptors));
    }

    /// <summary>Stops the server: ends the session, closes the socket and removes its file. May be called again.</summary>
    public void Dispose()
    {
        lock (_disposeLock)
        {
            if (_disposed) return;
            _watch?.Dispose();
            Bridge?.Remove(this);
            Link?.Dispose();
            _session?.AbandonPostcopy(); // or the thread may wait for a page that nobody brings
            // A packet script stops the thread only when it returns.
            bool ended = _worker.Stop(StopTimeout);
            _disposed = true;
            if (ended) _changed.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static NetDevice CreateDevice(VhostServerOptions options, Absence absence)
    {
        switch (options.Mode)
        {
            case ServerMode.Echo: return new EchoDevice();
            case ServerMode.Source:
                if (options.PacketSize is < SourceDevice.MinPacket or > 65535)
                    throw new VhostException(VhostError.InvalidArgument, $"PacketSize is {options.PacketSize}; expected {SourceDevice.MinPacket} to 65535 bytes.", options.Name, "An Ethernet frame has at least 60 bytes.");
                return new SourceDevice(SourceFrame.Create(options.PacketSize), options.Rate);
            case ServerMode.Script:
                return new ScriptDevice(absence.Around(options.Handler ?? throw new VhostException(VhostError.InvalidArgument, "Mode Script needs a packet script.", options.Name, "Give -OnPacket { param($packet) … }.")));
            case ServerMode.Tap:
                return new TapDevice(options.Tap ?? throw new VhostException(VhostError.InvalidArgument, "Mode Tap needs the name of an interface.", options.Name, "Give -Tap tap0."));
            default: return new SinkDevice();
        }
    }

    /// <summary>Looks at something on the thread that works for this server, whichever that is at the time, or while it is away.</summary>
    private T OnLoop<T>(Func<T> function)
    {
        while (true)
        {
            Worker worker = _worker;
            if (!worker.IsAlive) return function();
            bool answered = worker.Loop.TryInvoke(() => _worker == worker && _attached ? (true, Look(function)) : (false, default), _absence, LookTimeout, out (bool Here, T? Result) found);
            if (found.Here) return found.Result!;
            if (!answered && worker.IsAlive)
                throw new VhostException(VhostError.ServerBusy, $"Server '{Name}': its thread did not answer within {LookTimeout.TotalSeconds:0.#} s.", Name,
                    "Something that it calls does not return; Stop-VhostServer ends it.");
            Thread.Yield();
        }
    }

    private T Look<T>(Func<T> function)
    {
        _woken = true; // whoever asks why nothing moves also makes the server look at its rings again
        return function();
    }

    private void SetState(EndpointState state)
    {
        if (_state == state) return;
        _state = state;
        _changed.Set();
        EndpointEvents.Raise(StateChanged, this);
    }
}
