using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Finds the servers and clients that an object of the pipeline, or a name, stands for.</summary>
internal static class EndpointInput
{
    /// <summary>The endpoints that an object stands for: a pattern may fit any number.</summary>
    /// <exception cref="VhostException">HandleNotFound, HandleClosed, HandleFromAnotherProcess; InvalidArgument for a name that a server and a client have.</exception>
    public static IEnumerable<Endpoint> Find(PSObject input) => input.BaseObject switch
    {
        VhostServer server => [Endpoint.Of(server)],
        VhostClient client => [Endpoint.Of(client)],
        VhostServerInfo info => [Endpoint.Of(new ServerArgument(info).Resolve())],
        VhostClientInfo info => [Endpoint.Of(new ClientArgument(info).Resolve())],
        string name => ByName(name),
        _ when input.TypeNames.Any(type => type.Contains(nameof(VhostClient), StringComparison.Ordinal)) => [Endpoint.Of(new ClientArgument(input).Resolve())],
        _ => [Endpoint.Of(new ServerArgument(input).Resolve())],
    };

    private static Endpoint[] ByName(string name)
    {
        var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
        Endpoint[] found =
        [
            .. LiveHandles.Servers.Names.Where(pattern.IsMatch).Select(server => Endpoint.Of(LiveHandles.Servers.Get(server))),
            .. LiveHandles.Clients.Names.Where(pattern.IsMatch).Select(client => Endpoint.Of(LiveHandles.Clients.Get(client))),
        ];
        if (found.Length > 1 && !WildcardPattern.ContainsWildcardCharacters(name))
            throw new VhostException(VhostError.InvalidArgument, $"'{name}' is the name of a server and of a client.", name, $"Say which: -Server {name} or -Client {name}.");
        return found.Length > 0 || WildcardPattern.ContainsWildcardCharacters(name) ? found : throw new VhostException(VhostError.HandleNotFound,
            $"There is no server or client named '{name}' in this process.", name, "Get-VhostServer and Get-VhostClient list them.");
    }
}
