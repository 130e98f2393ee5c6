namespace VhostUser.Transport.Inventory;

/// <summary>The logical state of a port (InfiniBand specification, PortInfo:PortState; enum ibv_port_state).</summary>
public enum IbPortState
{
    /// <summary>Not told.</summary>
    None = 0,
    /// <summary>No link.</summary>
    Down = 1,
    /// <summary>A link, but no subnet manager has set the port up.</summary>
    Init = 2,
    /// <summary>Set up, not yet switched on by the subnet manager.</summary>
    Armed = 3,
    /// <summary>Carries data.</summary>
    Active = 4,
    /// <summary>Active, with a link that recovers from an error.</summary>
    ActiveDefer = 5,
}
