using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.Rings;

namespace VhostUser.Commands;

/// <summary>Get-VringState: photographs rings from either side: indices, notifications, counters, and a verdict in words.</summary>
[Cmdlet(VerbsCommon.Get, "VringState", DefaultParameterSetName = AnySet)]
[OutputType(typeof(VringState))]
public sealed class GetVringStateCommand : EndpointCmdlet
{
    /// <summary>Ring indexes; all rings when not given.</summary>
    [Parameter(Position = 1)]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int[] Queue { get; set; } = [];

    /// <summary>Reads the descriptors too: they are in the state's Descriptors and are shown below it.</summary>
    [Parameter]
    public SwitchParameter Descriptor { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (Endpoint endpoint in Endpoints()) Guard(() => Write(endpoint), endpoint.Name);
    });

    private void Write(Endpoint endpoint)
    {
        IEnumerable<VringState> rings = Queue.Length == 0
            ? endpoint.GetVringStates(null, Descriptor)
            : Queue.SelectMany(queue => endpoint.GetVringStates(queue, Descriptor));
        foreach (VringState ring in rings) WriteObject(Descriptor ? WithDescriptorView(ring) : ring);
    }

    private static PSObject WithDescriptorView(VringState ring)
    {
        var shown = new PSObject(ring);
        shown.TypeNames.Insert(0, typeof(VringState).FullName + "#Descriptor");
        return shown;
    }
}
