namespace VhostUser.Endpoints;

/// <summary>A station that a bridge knows.</summary>
public sealed record VhostBridgeStation
{
    /// <summary>Bridge.</summary>
    public required string Bridge { get; init; }
    /// <summary>MAC address, such as "02:00:00:00:00:01".</summary>
    public required string MacAddress { get; init; }
    /// <summary>VLAN, or null for none.</summary>
    public int? Vlan { get; init; }
    /// <summary>Name of the port where it was heard.</summary>
    public required string Port { get; init; }
    /// <summary>Time since its last packet.</summary>
    public required TimeSpan Age { get; init; }

    /// <inheritdoc/>
    public override string ToString() => MacAddress;
}
