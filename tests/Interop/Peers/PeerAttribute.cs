using Xunit.Abstractions;
using Xunit.Sdk;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Puts the tests of a class into the interop matrix: against whom they run, and which side that peer plays.</summary>
/// <remarks>Both become traits of each test, which the results file keeps and eng/InteropReport.cs reads.</remarks>
/// <param name="name">The peer, as the matrix names it.</param>
/// <param name="role">"front-end", "back-end" or "either".</param>
[AttributeUsage(AttributeTargets.Class)]
[TraitDiscoverer("VhostUser.Tests.Interop.Peers.PeerTraits", "VhostUser.Tests.Interop")]
public sealed class PeerAttribute(string name, string role) : Attribute, ITraitAttribute
{
    /// <summary>Gets the peer, as the matrix names it.</summary>
    public string Name => name;

    /// <summary>Gets the side that the peer plays.</summary>
    public string Role => role;
}

/// <summary>Tells xunit the traits of a <see cref="PeerAttribute"/>.</summary>
public sealed class PeerTraits : ITraitDiscoverer
{
    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, string>> GetTraits(IAttributeInfo traitAttribute)
    {
        ArgumentNullException.ThrowIfNull(traitAttribute);
        string[] given = [.. traitAttribute.GetConstructorArguments().Cast<string>()];
        return [new("Peer", given[0]), new("Role", given[1])];
    }
}
