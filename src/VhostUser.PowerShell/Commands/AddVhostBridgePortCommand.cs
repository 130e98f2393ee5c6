using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Adds servers and tap interfaces to a bridge while it runs.</summary>
[Cmdlet(VerbsCommon.Add, "VhostBridgePort", SupportsShouldProcess = true)]
[OutputType(typeof(VhostBridgePortInfo))]
public sealed class AddVhostBridgePortCommand : VhostCmdlet
{
    /// <summary>The bridge.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    [ValidateNotNull]
    public BridgeArgument Bridge { get; set; } = null!;

    /// <summary>Servers, by name, pattern or handle, and tap interfaces that exist, by name.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(PortNameCompleter))]
    [SupportsWildcards]
    public ServerArgument[] Port { get; set; } = [];

    /// <summary>Tap interfaces of the host, made when they do not exist.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TapNameCompleter))]
    public string[] Tap { get; set; } = [];

    /// <summary>VLAN (1 to 4094) of the frames that come and go without a tag.</summary>
    [Parameter]
    [ValidateRange(1, 4094)]
    public int? AccessVlan { get; set; }

    /// <summary>VLANs (1 to 4094) of the frames that come and go with a tag.</summary>
    [Parameter]
    [ValidateRange(1, 4094)]
    public int[] Trunk { get; set; } = [];

    /// <summary>Ports of the same group other than 0 do not send to each other.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Group { get; set; }

    /// <summary>Writes the bridge's ports that were added.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Adds what one record names.</summary>
    protected override void ProcessRecord()
    {
        var options = new VhostBridgePortOptions { AccessVlan = AccessVlan ?? 0, Trunk = Trunk, Group = Group };
        foreach (ServerArgument port in Port) Add(port.Name, bridge => BridgePorts.Add(bridge, port, options));
        foreach (string tap in Tap) Add(tap, bridge => bridge.AddTap(tap, options));
    }

    private void Add(string name, Action<VhostBridge> add) => Guard(() =>
    {
        if (!ShouldProcess(Bridge.Name, $"Add port {name}")) return;
        VhostBridge bridge = Bridge.Resolve();
        int before = bridge.Snapshot().Ports.Length;
        add(bridge);
        if (PassThru) WriteObject(bridge.Snapshot().Ports[before..], enumerateCollection: true);
    }, name);
}
