using VhostUser.Devices.Net;

namespace VhostUser.Endpoints;

/// <summary>What a client tells of by itself.</summary>
public sealed partial class VhostClient
{
    private EndpointWatch? _watch;
    private EventHandler? _stateChanged;

    /// <summary>Raised after <see cref="State"/> changed. While somebody listens, a peer that has gone is noticed within a tenth of a second.</summary>
    public event EventHandler? StateChanged
    {
        add => Watch.Listen(() => _stateChanged += value, 1);
        remove => Watch.Listen(() => _stateChanged -= value, -1);
    }

    /// <summary>Raised on a thread of the pool within a tenth of a second after packets came that wait to be received.</summary>
    public event EventHandler<PacketReceivedEventArgs>? PacketReceived
    {
        add => Watch.PacketReceived += value;
        remove => Watch.PacketReceived -= value;
    }

    /// <summary>Raised on a thread of the pool after a mistake of the back-end ended the session.</summary>
    public event EventHandler<FaultedEventArgs>? Faulted
    {
        add => Watch.Faulted += value;
        remove => Watch.Faulted -= value;
    }

    private EndpointWatch Watch => LazyInitializer.EnsureInitialized(ref _watch, () => new EndpointWatch(this, () => (Snapshot(), Arrived())));

    /// <summary>Packets that ever came: those received, and those that wait in the rings or were taken from them in part.</summary>
    private long Arrived()
    {
        lock (_gate)
        {
            long arrived = 0;
            foreach (NetReceiver? receiver in _receivers) arrived += receiver?.Arrived ?? 0;
            return arrived;
        }
    }
}
