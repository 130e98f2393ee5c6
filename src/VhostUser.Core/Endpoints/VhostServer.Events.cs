namespace VhostUser.Endpoints;

/// <summary>What a server tells of by itself.</summary>
public sealed partial class VhostServer
{
    private EndpointWatch? _watch;

    /// <summary>Raised on a thread of the pool within a tenth of a second after packets came from the front-end.</summary>
    public event EventHandler<PacketReceivedEventArgs>? PacketReceived
    {
        add => Watch.PacketReceived += value;
        remove => Watch.PacketReceived -= value;
    }

    /// <summary>Raised on a thread of the pool after a mistake ended a session, or a packet script failed.</summary>
    public event EventHandler<FaultedEventArgs>? Faulted
    {
        add => Watch.Faulted += value;
        remove => Watch.Faulted -= value;
    }

    private EndpointWatch Watch => LazyInitializer.EnsureInitialized(ref _watch, () => new EndpointWatch(this, () =>
    {
        VhostServerInfo info = Snapshot();
        return (info, info.PacketsReceived);
    }));
}
