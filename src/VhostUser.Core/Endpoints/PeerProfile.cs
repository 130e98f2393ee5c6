namespace VhostUser.Endpoints;

/// <summary>Programs whose rings or messages differ from the specification in ways that must be known beforehand.</summary>
public enum PeerProfile
{
    /// <summary>The specification, and every peer that follows it.</summary>
    Standard,
    /// <summary>
    /// Virtual Open Systems' vapp: rings of 32768 inside a fixed structure, a 10-byte header, no SET_FEATURES, and a receive ring
    /// on which the server plays the driver.
    /// </summary>
    Vapp,
}
