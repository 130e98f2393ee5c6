using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Remove-VhostClientRegion: takes regions back from the back-end of a client, while its rings run.</summary>
[Cmdlet(VerbsCommon.Remove, "VhostClientRegion", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClientInfo))]
public sealed class RemoveVhostClientRegionCommand : ClientRegionCmdlet
{
    private protected override string ActionName => "Take back shared region";

    private protected override void Apply(VhostClient client, SharedRegion region) => client.RemoveRegion(region, Cancel);
}
