using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A bridge: its name, a pattern, a <see cref="VhostBridge"/> or a <see cref="VhostBridgeInfo"/>.</summary>
public sealed class BridgeArgument : HandleArgument<VhostBridge>
{
    /// <summary>A bridge by name or pattern.</summary>
    public BridgeArgument(string name) : base(name) { }

    /// <summary>A live bridge.</summary>
    public BridgeArgument(VhostBridge bridge) : base(bridge?.Name ?? throw new ArgumentNullException(nameof(bridge)), bridge) { }

    /// <summary>A bridge of this process, by its photograph.</summary>
    public BridgeArgument(VhostBridgeInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public BridgeArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(VhostBridge bridge) => bridge.HandleId;

    private protected override string Kind => "bridge";

    private protected override HandleTable<VhostBridge> Table => LiveHandles.Bridges;
}
