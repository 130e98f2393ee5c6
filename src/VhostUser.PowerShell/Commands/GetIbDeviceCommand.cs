using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Transport.Inventory;

namespace VhostUser.Commands;

/// <summary>Shows the RDMA devices of this machine, as ibv_devinfo and fi_info do.</summary>
[Cmdlet(VerbsCommon.Get, "IbDevice", DefaultParameterSetName = "Device")]
[OutputType(typeof(IbDevice), ParameterSetName = ["Device"])]
[OutputType(typeof(IbCounter), ParameterSetName = [CountersSet])]
public sealed class GetIbDeviceCommand : IbCmdlet
{
    /// <summary>Names or patterns; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Device")]
    [ArgumentCompleter(typeof(IbDeviceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public IbDeviceName[] Name { get; set; } = [new("*")];

    /// <summary>Writes each device.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (IbDevice device in Find(Name))
        {
            if (Counters) WriteObject(device.Counters, enumerateCollection: true);
            else WriteObject(device);
        }
    });
}
