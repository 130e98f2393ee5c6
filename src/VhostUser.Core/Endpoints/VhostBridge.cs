using VhostUser.Devices.Net.Offloads;
using VhostUser.Devices.Net.Switching;
using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>
/// A learning Ethernet switch between servers and taps. All its ports are served by one thread, and a packet crosses in one copy,
/// straight from the sending guest's buffers into the receiving guest's. Ports come and go while it runs; sessions go on meanwhile.
/// </summary>
public sealed class VhostBridge : IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly VhostBridgeOptions _options;
    private readonly Worker _worker;
    private readonly EthernetSwitch _switch;
    private readonly SoftwareOffload _offload = new();
    private readonly Lock _changes = new();
    private readonly List<BridgeMember> _members = [];
    private bool _disposed;

    private VhostBridge(VhostBridgeOptions options)
    {
        _options = options;
        _switch = new EthernetSwitch(options.AgeingTime);
        _worker = new Worker(options.Name, options.Core);
    }

    /// <summary>Name given at the start.</summary>
    public string Name => _options.Name;

    /// <summary>Identity of this bridge; a successor of the same name has another.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Whether the bridge was removed.</summary>
    public bool IsDisposed => _disposed;

    /// <summary>Makes a bridge without ports.</summary>
    /// <exception cref="VhostException">InvalidArgument.</exception>
    public static VhostBridge Create(VhostBridgeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.AgeingTime < TimeSpan.FromSeconds(1) || options.AgeingTime > TimeSpan.FromDays(1))
            throw new VhostException(VhostError.InvalidArgument, $"AgeingTime is {options.AgeingTime}; expected 1 second to 1 day.", options.Name, "300 seconds is usual.");
        var bridge = new VhostBridge(options);
        bridge._worker.Start();
        return bridge;
    }

    /// <summary>Makes a server a port: its guest's packets go to the bridge instead of to the server's mode. A session goes on.</summary>
    /// <exception cref="VhostException">NameInUse: the server is a port already. InvalidArgument: VLANs out of range, or no port free.</exception>
    public void AddServer(VhostServer server, VhostBridgePortOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        options ??= new VhostBridgePortOptions();
        lock (_changes)
        {
            CheckOpen();
            if (server.Bridge is VhostBridge other)
                throw new VhostException(VhostError.NameInUse, $"Server '{server.Name}' is a port of bridge '{other.Name}' already.", server.Name, "Take it out there first: Remove-VhostBridgePort.");
            if (server.Link is IbTransport link)
                throw new VhostException(VhostError.NameInUse, $"Server '{server.Name}' is joined to link '{link.Name}'.", server.Name, $"Remove that first, or make the link a port of this bridge: New-IbTransport {link.Name} -Bridge {Name} …");
            var port = new SwitchDevice.GuestPort(server.Name, _offload) { Group = options.Group, Vlans = FilterOf(server.Name, options) };
            Add(new BridgeServerMember(server, port), () => server.JoinBridge(this, _worker, new SwitchDevice(_switch, port)));
        }
    }

    /// <summary>Makes a tap interface of the host a port; it is made when it does not exist.</summary>
    /// <exception cref="VhostException">TapFailed; NameInUse; InvalidArgument.</exception>
    public void AddTap(string name, VhostBridgePortOptions? options = null)
    {
        options ??= new VhostBridgePortOptions();
        lock (_changes)
        {
            CheckOpen();
            CheckName(name);
            var tap = new TapPort(name, _switch, _offload) { Group = options.Group, Vlans = FilterOf(name, options) };
            var member = new BridgeTapMember(tap, _worker);
            Add(member, () => _worker.Invoke(() =>
            {
                ((IWorkerMember)member).Begin(_worker.Loop);
                _worker.Add(member);
                return true;
            }));
        }
    }

    /// <summary>Removes a port by name; a server goes back to its own mode, a tap interface is closed.</summary>
    /// <returns>False when there is no such port.</returns>
    public bool Remove(string port) => RemoveFirst(member => HasName(member, port));

    /// <summary>A photograph of the bridge.</summary>
    public VhostBridgeInfo Snapshot()
    {
        lock (_changes) return _disposed ? Photograph() : _worker.Invoke(Photograph);
    }

    /// <summary>Removes all ports and stops the thread. May be called again.</summary>
    public void Dispose()
    {
        lock (_changes)
        {
            if (_disposed) return;
            while (RemoveFirst(static _ => true)) { }
            _disposed = true;
            _worker.Stop(StopTimeout);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Where packets of its ports, or of those of the names given, are captured.</summary>
    /// <exception cref="VhostException">HandleNotFound.</exception>
    internal IReadOnlyList<CaptureSource> GetCaptureSources(IReadOnlyCollection<string>? ports)
    {
        lock (_changes)
        {
            CheckOpen();
            if (ports?.FirstOrDefault(name => !_members.Exists(member => HasName(member, name))) is string unknown)
                throw new VhostException(VhostError.HandleNotFound, $"Bridge '{Name}' has no port named '{unknown}'; it has {string.Join(", ", _members.Select(member => member.Port.Name))}.", unknown,
                    "Get-VhostBridge -Port shows them.");
            return [.. _members.Where(member => ports is null || ports.Any(name => HasName(member, name))).Select(member => member.CaptureSource(Name))];
        }
    }

    /// <summary>Lets a server go that is being stopped.</summary>
    internal void Remove(VhostServer server) => RemoveFirst(member => member is BridgeServerMember guest && guest.Server == server);

    private void Add(BridgeMember member, Action join)
    {
        CheckName(member.Port.Name);
        if (!_worker.Invoke(() => _switch.TryAdd(member.Port)))
            throw new VhostException(VhostError.InvalidArgument, $"Bridge '{Name}' has {EthernetSwitch.MaxPorts} ports, which is all it can have.", Name, "Make another bridge.");
        try
        {
            join();
        }
        catch
        {
            _worker.Invoke(() => Disconnect(member));
            throw;
        }
        _members.Add(member);
    }

    private static bool HasName(BridgeMember member, string name) => string.Equals(member.Port.Name, name, StringComparison.OrdinalIgnoreCase);

    private bool RemoveFirst(Predicate<BridgeMember> which)
    {
        lock (_changes)
        {
            BridgeMember? member = _members.Find(which);
            if (member is null) return false;
            member.Leave();
            _worker.Invoke(() => Disconnect(member));
            return _members.Remove(member);
        }
    }

    private bool Disconnect(BridgeMember member)
    {
        _switch.Remove(member.Port);
        return true;
    }

    private void CheckOpen()
    {
        if (_disposed) throw new VhostException(VhostError.HandleClosed, $"Bridge '{Name}' was removed.", Name, "Make a new one with New-VhostBridge.");
    }

    private void CheckName(string name)
    {
        if (_members.Exists(member => HasName(member, name)))
            throw new VhostException(VhostError.NameInUse, $"Bridge '{Name}' has a port named '{name}' already.", name, "Names of servers and interfaces must differ within a bridge.");
    }

    private static VlanFilter? FilterOf(string port, VhostBridgePortOptions options)
    {
        if (options.AccessVlan == 0 && options.Trunk.Count == 0) return null;
        foreach (int vlan in options.Trunk.Append(options.AccessVlan == 0 ? 1 : options.AccessVlan))
        {
            if (vlan is < 1 or > VlanFilter.MaxVlan)
                throw new VhostException(VhostError.InvalidArgument, $"Port '{port}' would have VLAN {vlan}; expected 1 to {VlanFilter.MaxVlan} (IEEE 802.1Q reserves 0 and 4095).", port, "Give another -AccessVlan or -Trunk.");
        }
        return new VlanFilter(options.AccessVlan, options.Trunk);
    }

    private VhostBridgeInfo Photograph()
    {
        var drops = new Dictionary<string, long>();
        foreach (BridgeMember member in _members) member.Port.Drops.AddTo(drops);
        Dictionary<int, string> names = _members.ToDictionary(member => member.Port.Number, member => member.Port.Name);
        return new VhostBridgeInfo
        {
            HandleId = HandleId,
            OwnerProcessId = Environment.ProcessId,
            Name = Name,
            AgeingTime = _options.AgeingTime,
            Ports = [.. _members.Select(Photograph)],
            Stations = [.. _switch.Stations.Read(Environment.TickCount64).Where(row => names.ContainsKey(row.Port)).Select(row => new VhostBridgeStation
            {
                Bridge = Name,
                MacAddress = string.Join(':', BitConverter.GetBytes(row.Mac).Take(6).Reverse().Select(value => value.ToString("x2"))),
                Vlan = row.Vlan == 0 ? null : row.Vlan,
                Port = names[row.Port],
                Age = TimeSpan.FromMilliseconds(row.Age),
            }).OrderBy(row => row.Port, StringComparer.Ordinal).ThenBy(row => row.MacAddress, StringComparer.Ordinal)],
            Packets = _members.Sum(member => member.Port.PacketsIn),
            Drops = drops,
        };
    }

    private VhostBridgePortInfo Photograph(BridgeMember member)
    {
        SwitchPort port = member.Port;
        var drops = new Dictionary<string, long>();
        port.Drops.AddTo(drops);
        return new VhostBridgePortInfo
        {
            Bridge = Name,
            Number = port.Number,
            Name = port.Name,
            Kind = member.Kind,
            Up = member.IsUp,
            AccessVlan = port.Vlans is { Untagged: > 0 } filter ? filter.Untagged : null,
            Trunk = port.Vlans?.Tagged ?? [],
            Group = port.Group,
            PacketsIn = port.PacketsIn,
            PacketsOut = port.PacketsOut,
            Flooded = port.Flooded,
            Dropped = port.Drops.Total,
            Drops = drops,
        };
    }
}
