using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A client: its name, a pattern, a <see cref="VhostClient"/> or a <see cref="VhostClientInfo"/>.</summary>
public sealed class ClientArgument : HandleArgument<VhostClient>
{
    /// <summary>A client by name or pattern.</summary>
    public ClientArgument(string name) : base(name) { }

    /// <summary>A live client.</summary>
    public ClientArgument(VhostClient client) : base(client?.Name ?? throw new ArgumentNullException(nameof(client)), client) { }

    /// <summary>A client of this process, by its photograph.</summary>
    public ClientArgument(VhostClientInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public ClientArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(VhostClient client) => client.HandleId;

    private protected override string Kind => "client";

    private protected override HandleTable<VhostClient> Table => LiveHandles.Clients;
}
