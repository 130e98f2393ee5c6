namespace VhostUser.Transport.Inventory;

/// <summary>The state of a port's cable and transceivers (PortInfo:PortPhysicalState).</summary>
public enum IbPhysicalState
{
    /// <summary>Not told.</summary>
    None = 0,
    /// <summary>Asleep.</summary>
    Sleep = 1,
    /// <summary>Looks for another end.</summary>
    Polling = 2,
    /// <summary>Switched off.</summary>
    Disabled = 3,
    /// <summary>Has found another end and agrees on width and speed.</summary>
    Training = 4,
    /// <summary>The link is up.</summary>
    LinkUp = 5,
    /// <summary>Recovers from an error of the link.</summary>
    ErrorRecovery = 6,
    /// <summary>Under test.</summary>
    PhyTest = 7,
}
