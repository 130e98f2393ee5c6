namespace VhostUser.Endpoints;

/// <summary>What a back-end does with packets.</summary>
public enum ServerMode
{
    /// <summary>Counts them and returns the buffers.</summary>
    Sink,
    /// <summary>Sends each back: from the transmit ring to the receive ring of the same pair.</summary>
    Echo,
    /// <summary>Fills the peer's receive ring with generated packets.</summary>
    Source,
    /// <summary>Hands each to a script, whose output is sent back.</summary>
    Script,
    /// <summary>Joins the rings to a tap interface of the host.</summary>
    Tap,
}
