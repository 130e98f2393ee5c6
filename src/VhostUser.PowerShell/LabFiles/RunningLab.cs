using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Labs;
using VhostUser.Memory;

namespace VhostUser.LabFiles;

/// <summary>A lab that was brought up in this process: what it made, and no more; what has its names but is not its own is left alone.</summary>
public sealed class RunningLab
{
    private readonly Lock _gate = new();
    private readonly List<(LabItem Item, object Handle)> _made = [];

    internal RunningLab(string name, string? path)
    {
        Name = name;
        Path = path;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Tells this lab from another that had or will have its name.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>The file, or null.</summary>
    public string? Path { get; internal set; }

    /// <summary>Whether nothing of it is left.</summary>
    internal bool IsGone
    {
        get
        {
            lock (_gate) return !_made.Exists(one => IsLive(one.Handle));
        }
    }

    /// <summary>What it made and what is still there.</summary>
    internal LabPresent[] Present()
    {
        lock (_gate)
        {
            return [.. _made.Where(one => IsLive(one.Handle)).Select(one => new LabPresent(one.Item, PortsOf(one.Handle), WhyBroken(one.Handle)))];
        }
    }

    /// <summary>Does one step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="lab">The lab that is wanted.</param>
    /// <param name="path">Makes a path of the file absolute.</param>
    /// <param name="cancel">Ends a client's wait for its server.</param>
    /// <exception cref="VhostException">What making or closing the thing says.</exception>
    internal void Do(LabStep step, Lab lab, Func<string, string> path, CancellationToken cancel)
    {
        lock (_gate)
        {
            _made.RemoveAll(one => !IsLive(one.Handle));
            switch (step.Action)
            {
                case LabAction.Make: _made.Add((step.Item, Make(step.Item, lab, path, cancel))); break;
                case LabAction.Remove: Remove(step.Item); break;
                case LabAction.Change: Change(step.Item); break;
            }
        }
    }

    /// <summary>The steps that take down all that is left.</summary>
    internal IReadOnlyList<LabStep> PlanToClose() => LabPlan.Between(new Lab(Name, new Dictionary<string, string>(), []), Present());

    /// <summary>Does one step of <see cref="PlanToClose"/>.</summary>
    /// <exception cref="VhostException">RegionInUse: a client that is not of this lab uses its region.</exception>
    internal void Undo(LabStep step)
    {
        lock (_gate) Remove(step.Item);
    }

    /// <summary>Takes down all that is left.</summary>
    internal void Close()
    {
        foreach (LabStep step in PlanToClose()) Undo(step);
    }

    /// <summary>A photograph.</summary>
    internal VhostLabInfo Snapshot()
    {
        lock (_gate)
        {
            return new VhostLabInfo
            {
                Name = Name,
                HandleId = HandleId,
                OwnerProcessId = Environment.ProcessId,
                Path = Path,
                Items = [.. _made.OrderBy(one => one.Item.Kind).Select(one => new VhostLabItemInfo
                {
                    Lab = Name,
                    Kind = one.Item.Kind,
                    Name = one.Item.Name,
                    State = StateOf(one.Handle),
                    Settings = one.Item.ToString(),
                })],
            };
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static object Make(LabItem item, Lab lab, Func<string, string> path, CancellationToken cancel)
    {
        switch (item.Kind)
        {
            case LabItemKind.Region: return LiveHandles.Regions.Add(item.Name, () => SharedRegion.Create(LabOptions.OfRegion(item, path)));
            case LabItemKind.Server: return LiveHandles.Servers.Add(item.Name, () => VhostServer.Start(LabOptions.OfServer(item, path)));
            case LabItemKind.Bridge: return LiveHandles.Bridges.Add(item.Name, () => MakeBridge(item));
            default:
                SharedRegion[] regions = [.. item.Names("Region").Select(LiveHandles.Regions.Get)];
                return LiveHandles.Clients.Add(item.Name, () => VhostClient.Connect(LabOptions.OfClient(item, lab, regions, path), cancel));
        }
    }

    private static VhostBridge MakeBridge(LabItem item)
    {
        VhostBridge bridge = VhostBridge.Create(LabOptions.OfBridge(item));
        try
        {
            AddPorts(bridge, item);
            return bridge;
        }
        catch
        {
            bridge.Dispose();
            throw;
        }
    }

    private void Change(LabItem item)
    {
        int index = _made.FindIndex(one => one.Item.Kind == item.Kind && string.Equals(one.Item.Name, item.Name, StringComparison.OrdinalIgnoreCase));
        var bridge = (VhostBridge)_made[index].Handle;
        foreach (string port in PortsOf(bridge).Except(item.Ports, StringComparer.OrdinalIgnoreCase)) bridge.Remove(port);
        AddPorts(bridge, item);
        _made[index] = (item, bridge);
    }

    private static void AddPorts(VhostBridge bridge, LabItem item)
    {
        string[] there = PortsOf(bridge);
        foreach (string port in item.Names("Port").Except(there, StringComparer.OrdinalIgnoreCase)) BridgePorts.Add(bridge, new ServerArgument(port), LabOptions.OfPort(item, port));
        foreach (string tap in item.Names("Tap").Except(there, StringComparer.OrdinalIgnoreCase)) bridge.AddTap(tap, LabOptions.OfPort(item, tap));
    }

    private void Remove(LabItem item)
    {
        int index = _made.FindIndex(one => one.Item == item);
        if (index < 0) return;
        switch (_made[index].Handle)
        {
            case VhostClient client: LiveHandles.Clients.Close(item.Name, client); break;
            case VhostBridge bridge: LiveHandles.Bridges.Close(item.Name, bridge); break;
            case VhostServer server: LiveHandles.Servers.Close(item.Name, server); break;
            case SharedRegion region: LiveHandles.Regions.Close(item.Name, region); break;
        }
        _made.RemoveAt(index);
    }

    private static bool IsLive(object handle) => StateOf(handle) is not ("Gone" or nameof(EndpointState.Stopped));

    private static string StateOf(object handle) => handle switch
    {
        VhostServer server => server.State.ToString(),
        VhostClient client => client.Snapshot().State.ToString(),
        VhostBridge { IsDisposed: true } or SharedRegion { IsDisposed: true } => "Gone",
        _ => "Present",
    };

    private static string? WhyBroken(object handle) => StateOf(handle) switch
    {
        nameof(EndpointState.Disconnected) => "its back-end has gone",
        nameof(EndpointState.Faulted) => "it failed",
        _ => null,
    };

    private static string[] PortsOf(object handle) => handle is VhostBridge bridge ? [.. bridge.Snapshot().Ports.Select(port => port.Name)] : [];
}
