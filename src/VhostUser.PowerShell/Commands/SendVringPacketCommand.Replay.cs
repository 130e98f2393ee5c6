using System.Globalization;
using System.Management.Automation;
using VhostUser.Endpoints;

namespace VhostUser.Commands;

/// <summary>Captures among the files of -Path: all their packets are sent again.</summary>
public sealed partial class SendVringPacketCommand
{
    /// <summary>Captures: Recorded keeps the gaps between packets, Immediate does not.</summary>
    [Parameter(ParameterSetName = PathSet)]
    public ReplayTiming Timing { get; set; }

    /// <summary>Captures, with -Timing Recorded: how many times as fast as recorded.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [ValidateRange(0.001, 1000000.0)]
    public double Speed { get; set; } = 1;

    /// <summary>Captures: only packets of these interfaces, by number, name or pattern.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [SupportsWildcards]
    public string[] Interface { get; set; } = [];

    private void Replay(string path)
    {
        if (PassThru || NeedsChecksum || SegmentSize > 0)
            throw new VhostException(VhostError.InvalidArgument, $"'{path}' is a capture; -PassThru, -NeedsChecksum and -SegmentSize are for single packets.", path, "Leave them out.");
        if (Timing == ReplayTiming.Recorded && Rate > 0)
            throw new VhostException(VhostError.InvalidArgument, "-Rate and -Timing Recorded contradict each other.", path, "Leave one of them out; -Speed changes the recorded pace.");
        WildcardPattern[] patterns = [.. Interface.Select(name => new WildcardPattern(name, WildcardOptions.IgnoreCase))];
        ReplayResult result = _client!.Replay(new ReplayOptions
        {
            Path = path,
            Queue = Queue,
            Count = Count,
            Timing = Timing,
            Speed = Speed,
            Timeout = Timeout,
            Interface = patterns.Length == 0 ? null
                : (number, name) => Array.Exists(patterns, pattern => pattern.IsMatch(number.ToString(CultureInfo.InvariantCulture)) || name is not null && pattern.IsMatch(name)),
        }, _pace!, Cancel, sent => WriteProgress(new ProgressRecord(1, $"Replaying {path} on ring {Queue} of client '{_client.Name}'", $"{sent:n0} packets")));
        _sent += result.Sent;
        if (result.Truncated > 0)
            WriteWarning($"{result.Truncated} of {result.Sent} packets are in '{path}' only as far as its snap length goes, and were sent so.");
        WriteVerbose($"Replayed {result.Sent} packets of '{path}'; {result.Skipped} were of other interfaces or empty.");
    }
}
