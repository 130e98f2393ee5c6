using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Transport.Inventory;

namespace VhostUser.Commands;

/// <summary>Shows the ports of RDMA devices, as ibstat does, and what keeps links from using them.</summary>
[Cmdlet(VerbsCommon.Get, "IbPort", DefaultParameterSetName = "Port")]
[OutputType(typeof(IbPort), ParameterSetName = ["Port"])]
[OutputType(typeof(IbCounter), ParameterSetName = [CountersSet])]
public sealed class GetIbPortCommand : IbCmdlet
{
    /// <summary>Names or patterns of devices; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(IbDeviceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public IbDeviceName[] Device { get; set; } = [new("*")];

    /// <summary>Numbers of ports; all when not given.</summary>
    [Parameter(Position = 1)]
    [ValidateRange(1, 255)]
    public int[] Port { get; set; } = [];

    /// <summary>Writes each port.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (IbPort port in Find(Device).SelectMany(device => device.Ports).Where(port => Port.Length == 0 || Port.Contains(port.Port)))
        {
            if (Counters) WriteObject(port.Counters, enumerateCollection: true);
            else WriteObject(port);
        }
    });
}
