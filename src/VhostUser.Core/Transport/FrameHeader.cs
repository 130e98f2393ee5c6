using System.Runtime.InteropServices;

namespace VhostUser.Transport;

/// <summary>What a frame carries.</summary>
internal enum FrameType : byte
{
    /// <summary>Packets.</summary>
    Data = 1,
    /// <summary>Nothing but the header's counters: credits, and a sign of life.</summary>
    Credit = 2,
    /// <summary>A question for the round trip: a <see cref="Probe"/> to send back.</summary>
    Ping = 3,
    /// <summary>The answer to one.</summary>
    Pong = 4,
    /// <summary>Bytes that measure bandwidth and mean nothing.</summary>
    Load = 5,
    /// <summary>Direct mode: receive buffers of the guest that are posted, a <see cref="Grant"/>.</summary>
    Grant = 6,
}

/// <summary>
/// How every message of a link's bundle endpoint begins: 32 bytes, little-endian. Counters are cumulative and wrap, so that one that
/// was lost or came twice would leak nothing.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct FrameHeader
{
    public const int Size = 32;
    public const byte CurrentVersion = 1;

    public byte Version;
    public FrameType Type;
    /// <summary>1 when what follows the header is encrypted, else 0.</summary>
    public byte Sealed;
    public byte Reserved;
    /// <summary>Queue pair.</summary>
    public ushort Queue;
    /// <summary>Packets in the frame.</summary>
    public ushort Count;
    /// <summary>Number of the session, chosen by the listening end: a frame of an older one is not taken.</summary>
    public uint Session;
    /// <summary>Bytes of the whole frame.</summary>
    public uint Length;
    /// <summary>Number of the frame in its session, queue and direction, from 0.</summary>
    public ulong Sequence;
    /// <summary>Frames that the sender of this one has consumed of the other direction: so many receive buffers were posted again.</summary>
    public uint Consumed;
    /// <summary>Packets of the other direction that the sender of this frame has taken out of frames: what is missing when a link breaks is lost.</summary>
    public uint Delivered;
}

/// <summary>The payload of <see cref="FrameType.Ping"/> and <see cref="FrameType.Pong"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Probe
{
    public const int Size = 16;

    /// <summary>The asker's clock.</summary>
    public ulong Stamp;
    /// <summary>0 for the heartbeat, else the number of a measurement.</summary>
    public ulong Number;
}

/// <summary>The payload of <see cref="FrameType.Grant"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Grant
{
    public const int Size = 8;

    /// <summary>Receive buffers posted since the session's start; wraps.</summary>
    public uint Posted;
    /// <summary>Bytes of the smallest of them.</summary>
    public uint SlotBytes;
}
