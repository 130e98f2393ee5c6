namespace VhostUser.Rings;

/// <summary>The other side broke a rule of the ring; the session can't go on.</summary>
internal static class RingException
{
    public static VhostException Create(VhostError error, int queue, string message) =>
        new(error, $"Ring {queue}: {message}", $"ring {queue}", "The peer's ring code is wrong, or two programs share one ring; Get-VringState -Descriptor shows the ring.");

    /// <summary>The record of chains in flight can't be followed.</summary>
    public static VhostException Inflight(int queue, string why) => new(VhostError.InflightInvalid, $"Ring {queue}: the record of chains in flight {why}.", $"ring {queue}",
        "The front-end must give back the buffer of GET_INFLIGHT_FD as it was, or get a new one.");
}
