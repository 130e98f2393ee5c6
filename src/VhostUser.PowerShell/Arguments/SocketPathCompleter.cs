using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Completes -Path with the sockets of live servers and clients, sockets on which any program listens, and folders on the way to them.</summary>
public sealed class SocketPathCompleter : IArgumentCompleter
{
    private const string Sockets = "/proc/net/unix";
    private const string Listening = "00010000"; // __SO_ACCEPTCON
    private const string Stream = "0001";

    /// <summary>Called by the engine when the user presses Tab.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        string[] live = [.. LiveHandles.Servers.Find("*").Select(server => server.Path).Union(LiveHandles.Clients.Find("*").Select(client => client.Path))];
        // A system has dozens of sockets; nobody means them who has typed nothing.
        IEnumerable<string> known = typed.Length == 0 ? live : live.Union(ListeningSockets());
        foreach (string path in known.Where(path => path.StartsWith(typed, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            yield return new CompletionResult(HandleNameCompleter.Quote(path), path, CompletionResultType.ParameterValue, path);
        foreach (CompletionResult folder in CompletionCompleters.CompleteFilename(typed).Where(one => one.ResultType == CompletionResultType.ProviderContainer))
            yield return folder;
    }

    // Num RefCount Protocol Flags Type St Inode Path
    private static IEnumerable<string> ListeningSockets() => !File.Exists(Sockets) ? [] : File.ReadLines(Sockets)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields.Length == 8 && fields[3] == Listening && fields[4] == Stream && fields[7].StartsWith('/'))
        .Select(fields => fields[7]);
}
