namespace VhostUser.Labs;

/// <summary>What a lab is made of, in the order in which it is brought up; it is taken down in the opposite order.</summary>
public enum LabItemKind
{
    /// <summary>A shared region.</summary>
    Region,
    /// <summary>A server.</summary>
    Server,
    /// <summary>A bridge, which has servers as ports.</summary>
    Bridge,
    /// <summary>A client, which has memory in a region and often its server in the same lab.</summary>
    Client,
}
