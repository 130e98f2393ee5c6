using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Completes the names of live handles.</summary>
public abstract class HandleNameCompleter : IArgumentCompleter
{
    private protected abstract IEnumerable<string> Names { get; }

    /// <summary>Called by the engine when the user presses Tab.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        foreach (string name in Names)
        {
            if (!name.StartsWith(typed, StringComparison.OrdinalIgnoreCase)) continue;
            bool plain = name.All(character => char.IsLetterOrDigit(character) || character is '_' or '-' or '.');
            yield return new CompletionResult(plain ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'", name, CompletionResultType.ParameterValue, name);
        }
    }
}

/// <summary>Completes the names of servers.</summary>
public sealed class ServerNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Servers.Names;
}

/// <summary>Completes the names of clients.</summary>
public sealed class ClientNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Clients.Names;
}

/// <summary>Completes the names of servers and clients.</summary>
public sealed class EndpointNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Servers.Names.Union(LiveHandles.Clients.Names, StringComparer.OrdinalIgnoreCase);
}

/// <summary>Completes the names of shared regions.</summary>
public sealed class RegionNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Regions.Names;
}

/// <summary>Completes the names of bridges.</summary>
public sealed class BridgeNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Bridges.Names;
}

/// <summary>Completes the names of captures.</summary>
public sealed class CaptureNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Captures.Names;
}

/// <summary>Completes the names of the ports of all bridges.</summary>
public sealed class BridgePortNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Bridges.Names.SelectMany(name => LiveHandles.Bridges.Get(name).Snapshot().Ports).Select(port => port.Name);
}
