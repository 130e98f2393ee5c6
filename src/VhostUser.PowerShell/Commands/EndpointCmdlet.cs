using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Commands;

/// <summary>What cmdlets share that look at servers and clients alike: by name, as live objects, or what a Get cmdlet wrote.</summary>
public abstract class EndpointCmdlet : VhostCmdlet
{
    private protected const string AnySet = "Any";
    private protected const string ClientSet = "Client";
    private protected const string ServerSet = "Server";

    /// <summary>Clients, by name or pattern.</summary>
    [Parameter(ParameterSetName = ClientSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument[] Client { get; set; } = [];

    /// <summary>Servers, by name or pattern.</summary>
    [Parameter(ParameterSetName = ServerSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public ServerArgument[] Server { get; set; } = [];

    /// <summary>Servers and clients, live or as Get-VhostServer and Get-VhostClient write them, or names of them; all when nothing is given.</summary>
    [Parameter(ParameterSetName = AnySet, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(EndpointNameCompleter))]
    [SupportsWildcards]
    public PSObject[]? InputObject { get; set; }

    /// <summary>The endpoints that are meant by this pipeline record.</summary>
    private protected IEnumerable<Endpoint> Endpoints()
    {
        if (ParameterSetName == ClientSet) return Client.SelectMany(client => client.ResolveAll()).Select(Endpoint.Of);
        if (ParameterSetName == ServerSet) return Server.SelectMany(server => server.ResolveAll()).Select(Endpoint.Of);
        return InputObject is null
            ? [.. LiveHandles.Servers.Find("*").Select(Endpoint.Of), .. LiveHandles.Clients.Find("*").Select(Endpoint.Of)]
            : InputObject.SelectMany(Find);
    }

    /// <summary>The endpoints that one object stands for; a name may have wildcards.</summary>
    private protected static IEnumerable<Endpoint> Find(PSObject input) => input.BaseObject switch
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
