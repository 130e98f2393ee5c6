using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Shows the links of this process to other hosts.</summary>
[Cmdlet(VerbsCommon.Get, "IbTransport")]
[OutputType(typeof(IbTransportInfo))]
public sealed class GetIbTransportCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles; all when not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TransportNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public TransportArgument[] Name { get; set; } = [new("*")];

    /// <summary>Writes a photograph of each.</summary>
    protected override void ProcessRecord()
    {
        foreach (TransportArgument name in Name)
        {
            Guard(() =>
            {
                foreach (IbTransport link in name.ResolveAll()) Guard(() => WriteObject(link.Snapshot()), link.Name);
            }, name.Name);
        }
    }
}
