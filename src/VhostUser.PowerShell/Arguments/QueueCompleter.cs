using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Rings;

namespace VhostUser.Arguments;

/// <summary>Completes -Queue with the ring indexes of the -Client or -Server typed before it; senders see only TX rings, receivers only RX.</summary>
public sealed class QueueCompleter : IArgumentCompleter
{
    /// <summary>Called by the engine when the user presses Tab.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string? direction = commandName switch { "Send-VringPacket" => "TX", "Receive-VringPacket" => "RX", _ => null };
        foreach (VringState ring in RingsOf(fakeBoundParameters))
        {
            string index = ring.Queue.ToString(CultureInfo.InvariantCulture);
            if ((direction is null || ring.Direction == direction) && index.StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
                yield return new CompletionResult(index, index, CompletionResultType.ParameterValue, $"{ring.Direction}, {ring.Size} descriptors");
        }
    }

    private static IEnumerable<VringState> RingsOf(IDictionary? bound)
    {
        try
        {
            if (bound?["Client"]?.ToString() is string client) return LiveHandles.Clients.Get(client).GetVringStates();
            if (bound?["Server"]?.ToString() is string server) return LiveHandles.Servers.Get(server).GetVringStates();
        }
        catch (VhostException)
        {
            // No such handle: nothing to complete.
        }
        return [];
    }
}
