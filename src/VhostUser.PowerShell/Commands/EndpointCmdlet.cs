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
            : InputObject.SelectMany(EndpointInput.Find);
    }
}
