namespace VhostUser.Endpoints;

/// <summary>Which way packets go that are captured, as the endpoint sees it.</summary>
public enum CaptureDirection
{
    /// <summary>All of them.</summary>
    Both,
    /// <summary>Those that the endpoint receives from its peer.</summary>
    In,
    /// <summary>Those that it sends to its peer.</summary>
    Out,
}
