using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>The 12 bytes before every payload (vhost-user, "Message Specification"), in the machine's byte order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct MessageHeader
{
    public const int Size = 12;
    public const uint Version = 1;
    public const uint ReplyFlag = 1 << 2;
    public const uint NeedReplyFlag = 1 << 3;
    private const uint VersionMask = 3;
    private const uint KnownFlags = VersionMask | ReplyFlag | NeedReplyFlag;

    public FrontEndRequest Request;
    public uint Flags;
    public uint PayloadSize;

    public readonly bool NeedsReply => (Flags & NeedReplyFlag) != 0;

    public static MessageHeader ForRequest(FrontEndRequest request, int payloadSize, bool needReply = false) =>
        new() { Request = request, Flags = Version | (needReply ? NeedReplyFlag : 0), PayloadSize = (uint)payloadSize };

    /// <summary>A reply's flags are exactly version and reply: QEMU and virtio_user refuse NEED_REPLY left standing in them.</summary>
    public static MessageHeader ForReply(FrontEndRequest request, int payloadSize) =>
        new() { Request = request, Flags = Version | ReplyFlag, PayloadSize = (uint)payloadSize };

    /// <summary>What is wrong with the flags of a request, or null.</summary>
    public readonly string? ExplainRequestFlags()
    {
        if ((Flags & VersionMask) != Version) return $"version {Flags & VersionMask}, expected {Version}";
        if ((Flags & ReplyFlag) != 0) return "the reply bit, which a request must not have";
        if ((Flags & ~KnownFlags) != 0) return $"reserved flag bits 0x{Flags & ~KnownFlags:x}";
        return null;
    }
}
