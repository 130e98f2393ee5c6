using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>Removes links to other hosts; servers and bridges go on without them.</summary>
[Cmdlet(VerbsCommon.Remove, "IbTransport", SupportsShouldProcess = true)]
[OutputType(typeof(IbTransportInfo))]
public sealed class RemoveIbTransportCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TransportNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public TransportArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each link.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Removes what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (TransportArgument name in Name)
        {
            Guard(() =>
            {
                foreach (IbTransport link in name.ResolveAll()) Guard(() => Remove(link), link.Name);
            }, name.Name);
        }
    }

    private void Remove(IbTransport link)
    {
        if (!ShouldProcess(link.Name, "Remove link")) return;
        IbTransportInfo last = link.Snapshot();
        LiveHandles.Transports.Close(link.Name, link);
        if (PassThru) WriteObject(last);
    }
}
