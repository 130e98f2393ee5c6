using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>Completes the ends of a comparison: live servers and clients, and known programs.</summary>
public sealed class FeatureEndCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => [.. LiveHandles.Servers.Names, .. LiveHandles.Clients.Names, .. FeatureProfile.Known.Select(profile => profile.Name)];
}
