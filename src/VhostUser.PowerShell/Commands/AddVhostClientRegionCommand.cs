using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Add-VhostClientRegion: shares more regions with the back-end of a client, while its rings run.</summary>
[Cmdlet(VerbsCommon.Add, "VhostClientRegion", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClientInfo))]
public sealed class AddVhostClientRegionCommand : ClientRegionCmdlet
{
    private protected override string ActionName => "Add shared region";

    private protected override void Apply(VhostClient client, SharedRegion region) => client.AddRegion(region, Cancel);
}
