using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Joins servers and tap interfaces as a learning Ethernet switch.</summary>
[Cmdlet(VerbsCommon.New, "VhostBridge", SupportsShouldProcess = true)]
[OutputType(typeof(VhostBridge))]
public sealed class NewVhostBridgeCommand : VhostCmdlet
{
    /// <summary>Name of the bridge, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = "";

    /// <summary>Servers, by name, pattern or handle, and tap interfaces that exist, by name.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PortNameCompleter))]
    [SupportsWildcards]
    public ServerArgument[] Port { get; set; } = [];

    /// <summary>Tap interfaces of the host, made when they do not exist.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TapNameCompleter))]
    public string[] Tap { get; set; } = [];

    /// <summary>How long a station may be silent before it is forgotten.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan AgeingTime { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>Core (0-based) that the bridge's thread is bound to.</summary>
    [Parameter]
    [ValidateRange(0, 1023)]
    public int? Core { get; set; }

    /// <summary>Makes one bridge, with all its ports or not at all.</summary>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess(Name, "Make bridge")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            WriteObject(LiveHandles.Bridges.Add(Name, Make));
        }, Name);
    }

    private VhostBridge Make()
    {
        VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = Name, AgeingTime = AgeingTime, Core = Core });
        try
        {
            var plain = new VhostBridgePortOptions();
            foreach (ServerArgument port in Port) BridgePorts.Add(bridge, port, plain);
            foreach (string tap in Tap) bridge.AddTap(tap, plain);
            return bridge;
        }
        catch
        {
            bridge.Dispose();
            throw;
        }
    }
}
