namespace VhostUser.Tests.Interop.Peers;

/// <summary>Puts the tests of a class into the interop matrix (docs/interop.md), which eng/InteropReport.cs makes from the results.</summary>
/// <param name="name">The peer, as the matrix names it.</param>
/// <param name="role">Which side the peer plays: "front-end", "back-end" or "both".</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PeerAttribute(string name, string role) : Attribute
{
    /// <summary>Gets the peer, as the matrix names it.</summary>
    public string Name => name;

    /// <summary>Gets the side that the peer plays.</summary>
    public string Role => role;
}
