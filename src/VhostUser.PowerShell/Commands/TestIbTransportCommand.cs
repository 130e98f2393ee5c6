using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Measures round trip and bandwidth of live links.</summary>
[Cmdlet(VerbsDiagnostic.Test, "IbTransport")]
[OutputType(typeof(IbTransportTest))]
public sealed class TestIbTransportCommand : VhostCmdlet
{
    /// <summary>Names, patterns or handles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TransportNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public TransportArgument[] Name { get; set; } = [];

    /// <summary>Round trips to make, one after the other; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int RoundTrip { get; set; } = 1000;

    /// <summary>How long to send as much as goes through, in seconds or as a TimeSpan; 0 for not at all.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Measures what one record names, one link after the other.</summary>
    protected override void ProcessRecord()
    {
        foreach (TransportArgument name in Name)
        {
            Guard(() =>
            {
                foreach (IbTransport link in name.ResolveAll()) Guard(() => Measure(link), link.Name);
            }, name.Name);
        }
    }

    private void Measure(IbTransport link)
    {
        string activity = $"Measuring link {link.Name}";
        IbTransportTest result = link.Test(RoundTrip, Duration, part => WriteProgress(new ProgressRecord(1, activity, part < 0.3 ? "round trips" : "bandwidth") { PercentComplete = (int)(100 * part) }), Cancel);
        WriteProgress(new ProgressRecord(1, activity, "done") { RecordType = ProgressRecordType.Completed });
        WriteObject(result);
    }
}
