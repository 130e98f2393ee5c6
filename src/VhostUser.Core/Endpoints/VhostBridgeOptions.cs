namespace VhostUser.Endpoints;

/// <summary>How to make a <see cref="VhostBridge"/>.</summary>
public sealed record VhostBridgeOptions
{
    /// <summary>Name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>How long a station may be silent before it is forgotten; 300 s as in IEEE 802.1Q §8.8.3.</summary>
    public TimeSpan AgeingTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Core (0-based) that the bridge's thread is bound to, or null for any.</summary>
    public int? Core { get; init; }
}
