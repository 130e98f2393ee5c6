namespace VhostUser.Transport;

/// <summary>What is wrong with a frame.</summary>
internal enum FrameFault
{
    None,
    /// <summary>Shorter than its header.</summary>
    TooShort,
    /// <summary>Of another version of the protocol, or a field that must be 0 is not.</summary>
    Version,
    /// <summary>Of no known type, or sealed where it should not be, or the other way round.</summary>
    Type,
    /// <summary>Names another queue pair than the connection it came by.</summary>
    Queue,
    /// <summary>Says another length than came.</summary>
    Length,
    /// <summary>Of another session: not the peer's fault where anybody can send.</summary>
    Session,
    /// <summary>Out of order, repeated or missing.</summary>
    Sequence,
    /// <summary>Its count and its records do not agree.</summary>
    Count,
    /// <summary>A packet of no or too many bytes, or one that leaves its frame.</summary>
    Packet,
    /// <summary>It claims that more frames were consumed than were sent.</summary>
    Credit,
    /// <summary>Its seal is broken: changed on its way, or made with another key.</summary>
    Seal,
}
