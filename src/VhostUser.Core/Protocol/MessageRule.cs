namespace VhostUser.Protocol;

/// <summary>When a back-end answers.</summary>
internal enum ReplyRule
{
    /// <summary>With a u64 (0: success) if REPLY_ACK was negotiated and NEED_REPLY is set.</summary>
    Ack,
    /// <summary>Always, with a payload of its own.</summary>
    Always,
}

/// <summary>How many descriptors a message carries.</summary>
internal enum FdRule
{
    NoFd,
    One,
    /// <summary>At most one; it is closed unread.</summary>
    Optional,
    /// <summary>One, or none when bit 8 of the payload is set.</summary>
    OneUnlessNoFd,
    /// <summary>As many as the payload counts regions.</summary>
    PerRegion,
}

/// <summary>One row of the message table: everything about a request but what it does.</summary>
/// <param name="Request">Its number.</param>
/// <param name="Name">Its name in the specification.</param>
/// <param name="Size">Exact payload size in bytes, or the smallest where <paramref name="MaxSize"/> is larger.</param>
/// <param name="MaxSize">The largest payload size in bytes.</param>
/// <param name="Fds">Descriptors it carries.</param>
/// <param name="Gate">Protocol feature that must be acknowledged first.</param>
/// <param name="Reply">When it is answered.</param>
/// <param name="ReplySize">Exact size of the reply's payload, or -1 when the request decides or any is right.</param>
internal readonly record struct MessageRule(
    FrontEndRequest Request, string Name, int Size, int MaxSize, FdRule Fds, ProtocolFeatures Gate, ReplyRule Reply, int ReplySize);
