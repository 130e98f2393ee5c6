using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Takes ports out of a bridge while it runs; a server goes back to its own mode.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostBridgePort", SupportsShouldProcess = true)]
[OutputType(typeof(VhostBridgePortInfo))]
public sealed class RemoveVhostBridgePortCommand : VhostCmdlet
{
    /// <summary>The bridge.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    [ValidateNotNull]
    public BridgeArgument Bridge { get; set; } = null!;

    /// <summary>Names of ports: those of the servers and interfaces.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(BridgePortNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Port { get; set; } = [];

    /// <summary>Writes the last photograph of each port.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Removes what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (string port in Port) Guard(() => Remove(Bridge.Resolve(), port), port);
    }

    private void Remove(VhostBridge bridge, string port)
    {
        if (!ShouldProcess(bridge.Name, $"Remove port {port}")) return;
        VhostBridgePortInfo? last = Array.Find(bridge.Snapshot().Ports, one => one.Name == port);
        if (!bridge.Remove(port))
            throw new VhostException(VhostError.HandleNotFound, $"Bridge '{bridge.Name}' has no port '{port}'; it has {Describe(bridge)}.", port, "See Get-VhostBridge -Port.");
        if (PassThru) WriteObject(last);
    }

    private static string Describe(VhostBridge bridge)
    {
        VhostBridgePortInfo[] ports = bridge.Snapshot().Ports;
        return ports.Length == 0 ? "none" : string.Join(", ", ports.Select(port => port.Name));
    }
}
