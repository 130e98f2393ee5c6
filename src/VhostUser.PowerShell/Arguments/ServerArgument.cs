using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A server: its name, a pattern, a <see cref="VhostServer"/> or a <see cref="VhostServerInfo"/>.</summary>
public sealed class ServerArgument : HandleArgument<VhostServer>
{
    /// <summary>A server by name or pattern.</summary>
    public ServerArgument(string name) : base(name) { }

    /// <summary>A live server.</summary>
    public ServerArgument(VhostServer server) : base(server?.Name ?? throw new ArgumentNullException(nameof(server)), server) { }

    /// <summary>A server of this process, by its photograph.</summary>
    public ServerArgument(VhostServerInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public ServerArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(VhostServer server) => server.HandleId;

    private protected override string Kind => "server";

    private protected override HandleTable<VhostServer> Table => LiveHandles.Servers;
}
