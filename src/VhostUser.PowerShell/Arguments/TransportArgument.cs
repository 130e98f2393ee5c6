using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A link to another host: its name, a pattern, an <see cref="IbTransport"/> or an <see cref="IbTransportInfo"/>.</summary>
public sealed class TransportArgument : HandleArgument<IbTransport>
{
    /// <summary>A link by name or pattern.</summary>
    public TransportArgument(string name) : base(name) { }

    /// <summary>A live link.</summary>
    public TransportArgument(IbTransport transport) : base(transport?.Name ?? throw new ArgumentNullException(nameof(transport)), transport) { }

    /// <summary>A link of this process, by its photograph.</summary>
    public TransportArgument(IbTransportInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public TransportArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(IbTransport transport) => transport.HandleId;

    private protected override string Kind => "link";

    private protected override HandleTable<IbTransport> Table => LiveHandles.Transports;
}
