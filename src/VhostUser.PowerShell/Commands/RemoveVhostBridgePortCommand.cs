using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Takes ports out of a bridge while it runs; a server goes back to its own mode.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostBridgePort", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
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

    /// <summary>Removes what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (string port in Port)
        {
            Guard(() =>
            {
                VhostBridge bridge = Bridge.Resolve();
                if (!ShouldProcess(bridge.Name, $"Remove port {port}") || bridge.Remove(port)) return;
                throw new VhostException(VhostError.HandleNotFound, $"Bridge '{bridge.Name}' has no port '{port}'; it has {Describe(bridge)}.", port, "See Get-VhostBridge -Port.");
            }, port);
        }
    }

    private static string Describe(VhostBridge bridge)
    {
        VhostBridgePortInfo[] ports = bridge.Snapshot().Ports;
        return ports.Length == 0 ? "none" : string.Join(", ", ports.Select(port => port.Name));
    }
}
