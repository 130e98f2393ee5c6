namespace VhostUser.Endpoints;

/// <summary>Programs whose rings or messages differ from the specification in ways that must be known beforehand.</summary>
public enum PeerProfile
{
    /// <summary>The specification, and every peer that follows it.</summary>
    Standard,
    /// <summary>
    /// Virtual Open Systems' vapp: rings of 32768 inside a fixed structure, a 10-byte header, no SET_FEATURES, and a ring 0 on which
    /// the server plays the driver. A server ends the session, with <see cref="VhostError.PeerDefect"/>, before the packet at which
    /// vapp's client would hang; a client needs two regions of 49 MiB and a queue size of 32768.
    /// </summary>
    Vapp,
}
