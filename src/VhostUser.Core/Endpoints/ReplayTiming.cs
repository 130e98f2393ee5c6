namespace VhostUser.Endpoints;

/// <summary>When the packets of a capture are sent.</summary>
public enum ReplayTiming
{
    /// <summary>As fast as the ring takes them, or at the rate that is given.</summary>
    Immediate,
    /// <summary>With the gaps that their time stamps record.</summary>
    Recorded,
}
