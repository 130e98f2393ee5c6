namespace VhostUser.Endpoints;

/// <summary>How a port of a <see cref="VhostBridge"/> treats VLANs and its neighbours.</summary>
public sealed record VhostBridgePortOptions
{
    /// <summary>VLAN (1 to 4094) of the frames that come and go without a tag; 0 for none. With <see cref="Trunk"/> the native VLAN.</summary>
    public int AccessVlan { get; init; }

    /// <summary>VLANs (1 to 4094) of the frames that come and go with a tag. With neither this nor <see cref="AccessVlan"/> every frame passes as it is.</summary>
    public IReadOnlyList<int> Trunk { get; init; } = [];

    /// <summary>Ports of the same group other than 0 do not send to each other (split horizon).</summary>
    public int Group { get; init; }
}
