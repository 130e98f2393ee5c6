namespace VhostUser.Endpoints;

/// <summary>
/// Raises the events of an endpoint by looking at it now and then, only while somebody listens: the packet path knows nothing of it.
/// </summary>
/// <param name="owner">The endpoint.</param>
/// <param name="look">A photograph of it, and its number of packets as the event counts them.</param>
internal sealed class EndpointWatch(object owner, Func<(EndpointInfo Info, long Packets)> look) : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private EventHandler<PacketReceivedEventArgs>? _packetReceived;
    private EventHandler<FaultedEventArgs>? _faulted;
    private Timer? _timer;
    private int _listeners;
    private int _looking;
    private long _packets;
    private string? _fault;
    private bool _disposed;

    public event EventHandler<PacketReceivedEventArgs>? PacketReceived
    {
        add => Listen(() => _packetReceived += value, 1);
        remove => Listen(() => _packetReceived -= value, -1);
    }

    public event EventHandler<FaultedEventArgs>? Faulted
    {
        add => Listen(() => _faulted += value, 1);
        remove => Listen(() => _faulted -= value, -1);
    }

    /// <summary>Counts somebody who listens to an event that the endpoint raises itself once it is looked at, or takes him out.</summary>
    public void Listen(Action change, int listeners)
    {
        // Not under the lock: the look takes the endpoint's, under which a listener may be taken out.
        var first = listeners > 0 ? TryLook() : null;
        lock (_gate)
        {
            change();
            _listeners = Math.Max(0, _listeners + listeners);
            if (_listeners == 0 || _disposed) Stop();
            else if (_timer is null) Start(first);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Stop();
        }
    }

    private void Start((EndpointInfo Info, long Packets)? first)
    {
        // What was there before anybody listened is no news.
        if (first is var (info, packets)) (_packets, _fault) = (packets, info.Fault);
        _timer = new Timer(_ => Tick(), null, s_interval, s_interval);
    }

    private void Stop()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private void Tick()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0) return;
        try
        {
            if (TryLook() is not var (info, packets)) return;
            long news = packets - _packets;
            _packets = packets;
            if (news > 0) _packetReceived?.Invoke(owner, new PacketReceivedEventArgs(news));
            if (info.Fault is string fault && fault != _fault) _faulted?.Invoke(owner, new FaultedEventArgs(info.FaultId ?? "", fault, info.FaultAction));
            _fault = info.Fault;
        }
        catch (Exception)
        {
            // A listener's mistake is not the endpoint's, and a timer's thread must not end the process.
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    private (EndpointInfo Info, long Packets)? TryLook()
    {
        try
        {
            return look();
        }
        catch (Exception error) when (error is VhostException or ObjectDisposedException)
        {
            return null; // busy, or closed meanwhile
        }
    }
}
