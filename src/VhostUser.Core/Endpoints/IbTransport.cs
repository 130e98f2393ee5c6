using System.Diagnostics;
using System.Net;
using VhostUser.Interop.Fabric;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// A link to another host: what a guest transmits on a ring here comes out of the same ring of a guest there. It works in the background
/// on the thread of the server or bridge that it is joined to, and comes back by itself whenever it breaks.
/// </summary>
public sealed partial class IbTransport : IDisposable
{
    private static readonly TimeSpan s_lookTimeout = TimeSpan.FromSeconds(1);

    private readonly IbTransportOptions _options;
    private readonly LinkEnd _end;
    private readonly Worker _worker;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _disposeLock = new();
    private readonly ManualResetEventSlim _changed = new();
    private readonly Task _control;
    private volatile IbTransportState _state;
    private volatile bool _disposed;

    private IbTransport(IbTransportOptions options, LinkEnd end)
    {
        _options = options;
        _end = end;
        _state = RestingState;
        _listener = OpenListener();
        try
        {
            _worker = end.Join(this);
        }
        catch
        {
            _listener?.Dispose();
            throw;
        }
        _control = Task.Run(options.IsListener ? ListenAsync : ConnectAsync);
    }

    /// <summary>Raised after <see cref="State"/> changed, on the link's thread.</summary>
    public event EventHandler? StateChanged;

    /// <summary>Name.</summary>
    public string Name => _options.Name;

    /// <summary>Identity of this link; a successor of the same name has another.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Where the link stands.</summary>
    public IbTransportState State => _state;

    private IbTransportState RestingState => _options.IsListener ? IbTransportState.Listening : IbTransportState.Connecting;

    /// <summary>Joins a server to the other end: all its queue pairs. On return it listens, or tries to connect in the background.</summary>
    /// <exception cref="VhostException">FabricUnavailable, FabricFailed, InvalidArgument, NameInUse, PermissionDenied or NativeCallFailed.</exception>
    public static IbTransport Create(IbTransportOptions options, VhostServer server)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(server);
        Check(options);
        return new IbTransport(options, new ServerLinkEnd(server, options.DropAfter));
    }

    /// <summary>Waits until the link is in one of the states.</summary>
    /// <returns>False when the time ran out first.</returns>
    public bool WaitFor(ReadOnlySpan<IbTransportState> states, TimeSpan timeout, CancellationToken cancel = default)
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

    /// <summary>A photograph of the link.</summary>
    /// <exception cref="VhostException">ServerBusy: its thread does not answer.</exception>
    public IbTransportInfo Snapshot() => _disposed || !_worker.IsAlive ? Photograph() : _worker.Loop.Invoke(Photograph, s_lookTimeout);

    /// <summary>Removes the link: the other end is told, and the server or bridge goes on without it. May be called again.</summary>
    public void Dispose()
    {
        lock (_disposeLock)
        {
            if (_disposed) return;
            _stop.Cancel();
            _listener?.Dispose();
            if (_worker.IsAlive) _worker.Invoke(() => EndSession(null));
            _end.Leave(this);
            _control.Wait(s_stopTimeout);
            SetState(IbTransportState.Stopped);
            _disposed = true;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The guest behind this end changed: where the session depends on it, there must be another one.</summary>
    internal void GuestChanged() { }

    private static void Check(IbTransportOptions options)
    {
        if (options.Listen is null == options.Connect is null)
            throw new VhostException(VhostError.InvalidArgument, "A link either listens or connects.", options.Name, "Give -Listen ADDRESS at one host and -Connect ADDRESS at the other.");
        if (options.Port is < 0 or > ushort.MaxValue || options.Port == 0 && !options.IsListener)
            throw new VhostException(VhostError.InvalidArgument, $"Port is {options.Port}; expected 1 to 65535.", options.Name, $"{IbTransportOptions.DefaultPort} is the default.");
        if (options.Encrypt && options.Credential is null)
            throw new VhostException(VhostError.InvalidArgument, "Frames can't be encrypted without a key or certificate.", options.Name, "Make a key with New-IbKey and give it to both ends: -Credential $key.");
        if (options.Encrypt && options.Mode == LinkMode.Direct)
            throw new VhostException(VhostError.InvalidArgument, "Mode Direct can't encrypt: nothing here touches its packets.", options.Name, "Take -Mode Bundle, or encrypt in the network (IPsec, MACsec).");
        if (options.DropAfter < TimeSpan.Zero)
            throw new VhostException(VhostError.InvalidArgument, $"DropAfter is {options.DropAfter}; expected 0 or more.", options.Name, "1 second is the default.");
        bool loopback = IsLoopback(options.Listen ?? options.Connect!);
        if (options.Credential is null && !options.AllowInsecure && !loopback)
            throw new VhostException(VhostError.InvalidArgument, $"'{options.Listen ?? options.Connect}' is not a loopback address, and whoever reached it could join the link.", options.Name,
                "Give -Credential $key (New-IbKey makes one), or in a network that is closed otherwise -AllowInsecure.");
        Fabric.Load(); // what is missing is best said now
        if (options.Provider is LinkProvider.Verbs or LinkProvider.Efa && !FabricDiagnosis.HasDevices) throw FabricDiagnosis.Explain(FabricProvider.Of(options.Provider), null);
    }

    private static bool IsLoopback(string host) => IPAddress.TryParse(host, out IPAddress? address) ? IPAddress.IsLoopback(address) : string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);

    private void SetState(IbTransportState state)
    {
        if (_state == state) return;
        _state = state;
        _changed.Set();
        StateChanged?.Invoke(this, EventArgs.Empty);
    }
}
