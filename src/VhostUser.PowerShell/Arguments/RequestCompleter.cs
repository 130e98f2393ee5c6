using VhostUser.Protocol;

namespace VhostUser.Arguments;

/// <summary>Completes the names of requests, the front-end's and the back-end's.</summary>
public sealed class RequestCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => Enum.GetNames<FrontEndRequest>().Union(Enum.GetNames<BackEndRequest>());
}
