using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Completes the names of the host's tap interfaces.</summary>
public sealed class TapNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => BridgePorts.Taps();
}

/// <summary>Completes what can be a port of a bridge: servers and tap interfaces.</summary>
public sealed class PortNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Servers.Names.Union(BridgePorts.Taps());
}
